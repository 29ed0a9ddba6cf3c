"""Wakes: who waits hears of commits of any process, at once, and looks alone where nobody tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

import psycopg
import pytest
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.testing import capture_logs

from tenure_core.access.identity import Actor
from tenure_core.postgres import notifications
from tenure_core.postgres.database import Database
from tenure_core.postgres.notifications import Tenants
from tenure_core.settings import Settings

SOON = 5.0


@pytest.fixture
async def listener(database_url: str, settings: Settings) -> AsyncIterator[Database]:
    """The database as another process has it."""
    async with Database(database_url, settings) as opened:
        yield opened


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks without being told."""
    monkeypatch.setattr(notifications, "POLL_SECONDS", 3600.0)


async def commit(database: Database, *actors: Actor) -> None:
    for actor in actors:
        async with database.write_transaction(actor.tenant_id, "test", "test"):
            pass


async def told(waits: AsyncGenerator[Tenants | None]) -> Tenants | None:
    async with asyncio.timeout(SOON):
        return await anext(waits)


async def told_of(waits: AsyncGenerator[Tenants | None], actor: Actor) -> None:
    """Wait until a tenant is told of; other tests commit, too, and connecting tells of all."""
    while actor.tenant_id not in (await told(waits) or ()):
        continue


async def listening(waits: AsyncGenerator[Tenants | None]) -> None:
    """Wait for the first look, and the one that comes with the connection."""
    assert await told(waits) is None
    assert await told(waits) is None


@pytest.mark.usefixtures("alone")
async def test_a_commit_of_another_process_wakes(
    database: Database, listener: Database, actor: Actor
) -> None:
    async with aclosing(listener.wakes.subscribe()) as waits:
        await listening(waits)
        await commit(database, actor)
        await told_of(waits, actor)


@pytest.mark.usefixtures("alone")
async def test_what_is_undone_wakes_nobody(database: Database, listener: Database, actor: Actor) -> None:
    async with aclosing(listener.wakes.subscribe(actor.tenant_id)) as waits:
        await listening(waits)
        with pytest.raises(RuntimeError):
            async with database.write_transaction(actor.tenant_id, "test", "test"):
                raise RuntimeError
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(waits)


@pytest.mark.usefixtures("alone")
async def test_who_waits_for_one_tenant_is_woken_for_that_one_alone(
    database: Database, listener: Database, actor: Actor, other_actor: Actor
) -> None:
    async with aclosing(listener.wakes.subscribe(actor.tenant_id)) as waits:
        await listening(waits)
        await commit(database, other_actor, other_actor, actor)
        assert await told(waits) == {actor.tenant_id}


@pytest.mark.usefixtures("alone")
async def test_many_commits_are_told_together(
    database: Database, listener: Database, actor: Actor, new_actor: Callable[[], Actor]
) -> None:
    many = [new_actor() for _ in range(20)]
    async with aclosing(listener.wakes.subscribe()) as waits:
        await listening(waits)
        await commit(database, *many)
        missing, times = {one.tenant_id for one in many}, 0
        while missing:
            missing -= await told(waits) or set()
            times += 1
    assert times < len(many)


async def test_without_being_told_everybody_looks_now_and_then(
    listener: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "POLL_SECONDS", 0.02)
    async with aclosing(listener.wakes.subscribe()) as waits:
        assert [await told(waits) for _ in range(4)] == [None] * 4


@pytest.mark.usefixtures("alone")
async def test_a_connection_that_breaks_is_made_anew_and_everybody_looks(
    database: Database, listener: Database, database_url: str, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "RECONNECT_SECONDS", 0.01)
    async with aclosing(listener.wakes.subscribe(actor.tenant_id)) as waits:
        await listening(waits)
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as killer:
            await killer.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE query LIKE 'LISTEN%' AND datname = current_database()"""
            )
        assert await told(waits) is None
        await commit(database, actor)
        assert await told(waits) == {actor.tenant_id}


@pytest.mark.usefixtures("alone")
async def test_a_forged_notification_stops_nothing(
    database: Database, listener: Database, database_url: str, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "RECONNECT_SECONDS", 0.01)
    async with aclosing(listener.wakes.subscribe(actor.tenant_id)) as waits:
        with bound_contextvars(request_id="of whoever was the first to wait"):
            await listening(waits)
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as forger:
            with capture_logs([merge_contextvars]) as logged:
                await forger.execute("SELECT pg_notify('tenure_changes', 'no tenant at all')")
                assert await told(waits) is None
        assert [one for one in logged if "listening" in one["event"] and "request_id" not in one]
        await commit(database, actor)
        assert await told(waits) == {actor.tenant_id}


async def test_what_is_yet_to_be_told_is_told_at_the_end(
    database_url: str, settings: Settings, listener: Database, actor: Actor
) -> None:
    async with aclosing(listener.wakes.subscribe(actor.tenant_id)) as waits:
        await listening(waits)
        async with Database(database_url, settings) as short:
            await commit(short, actor, actor)
        assert await told(waits) == {actor.tenant_id}
