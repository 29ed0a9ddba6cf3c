"""Notifications: subscribers are notified of commits of all processes, and poll without notifications."""

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

TIMEOUT_SECONDS = 5.0


@pytest.fixture
async def listener(database_url: str, settings: Settings) -> AsyncIterator[Database]:
    """The connection pool of another process."""
    async with Database(database_url, settings) as opened:
        yield opened


@pytest.fixture
def without_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disables polling."""
    monkeypatch.setattr(notifications, "POLL_SECONDS", 3600.0)


async def commit(database: Database, *actors: Actor) -> None:
    for actor in actors:
        async with database.write_transaction(actor.tenant_id, "test", "test"):
            pass


async def next_tenants(subscription: AsyncGenerator[Tenants | None]) -> Tenants | None:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        return await anext(subscription)


async def wait_for_tenant(subscription: AsyncGenerator[Tenants | None], actor: Actor) -> None:
    """Wait for a notification of a tenant. Other tests commit too, and a new connection causes polls."""
    while actor.tenant_id not in (await next_tenants(subscription) or ()):
        continue


async def skip_initial_polls(subscription: AsyncGenerator[Tenants | None]) -> None:
    """Skip the poll at the start of a subscription and the poll after the connection."""
    assert await next_tenants(subscription) is None
    assert await next_tenants(subscription) is None


@pytest.mark.usefixtures("without_polling")
async def test_a_commit_of_another_process_notifies(
    database: Database, listener: Database, actor: Actor
) -> None:
    async with aclosing(listener.change_notifier.subscribe()) as subscription:
        await skip_initial_polls(subscription)
        await commit(database, actor)
        await wait_for_tenant(subscription, actor)


@pytest.mark.usefixtures("without_polling")
async def test_a_rollback_notifies_nobody(database: Database, listener: Database, actor: Actor) -> None:
    async with aclosing(listener.change_notifier.subscribe(actor.tenant_id)) as subscription:
        await skip_initial_polls(subscription)
        with pytest.raises(RuntimeError):
            async with database.write_transaction(actor.tenant_id, "test", "test"):
                raise RuntimeError
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(subscription)


@pytest.mark.usefixtures("without_polling")
async def test_a_subscriber_to_a_tenant_is_notified_of_this_tenant_only(
    database: Database, listener: Database, actor: Actor, other_actor: Actor
) -> None:
    async with aclosing(listener.change_notifier.subscribe(actor.tenant_id)) as subscription:
        await skip_initial_polls(subscription)
        await commit(database, other_actor, other_actor, actor)
        assert await next_tenants(subscription) == {actor.tenant_id}


@pytest.mark.usefixtures("without_polling")
async def test_notifications_of_many_commits_are_combined(
    database: Database, listener: Database, actor: Actor, new_actor: Callable[[], Actor]
) -> None:
    actors = [new_actor() for _ in range(20)]
    async with aclosing(listener.change_notifier.subscribe()) as subscription:
        await skip_initial_polls(subscription)
        await commit(database, *actors)
        pending, notifications_received = {actor.tenant_id for actor in actors}, 0
        while pending:
            pending -= await next_tenants(subscription) or set()
            notifications_received += 1
    assert notifications_received < len(actors)


async def test_subscribers_poll_at_intervals(listener: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "POLL_SECONDS", 0.02)
    async with aclosing(listener.change_notifier.subscribe()) as subscription:
        assert [await next_tenants(subscription) for _ in range(4)] == [None] * 4


@pytest.mark.usefixtures("without_polling")
async def test_after_a_reconnection_subscribers_poll(
    database: Database, listener: Database, database_url: str, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "RECONNECT_SECONDS", 0.01)
    async with aclosing(listener.change_notifier.subscribe(actor.tenant_id)) as subscription:
        await skip_initial_polls(subscription)
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
            await owner.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE query LIKE 'LISTEN%' AND datname = current_database()"""
            )
        assert await next_tenants(subscription) is None
        await commit(database, actor)
        assert await next_tenants(subscription) == {actor.tenant_id}


@pytest.mark.usefixtures("without_polling")
async def test_an_invalid_notification_is_logged_and_ignored(
    database: Database, listener: Database, database_url: str, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "RECONNECT_SECONDS", 0.01)
    async with aclosing(listener.change_notifier.subscribe(actor.tenant_id)) as subscription:
        with bound_contextvars(request_id="of the first subscriber"):
            await skip_initial_polls(subscription)
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
            with capture_logs([merge_contextvars]) as log_entries:
                await owner.execute("SELECT pg_notify('tenure_changes', 'not a tenant id')")
                assert await next_tenants(subscription) is None
        assert [e for e in log_entries if "listening" in e["event"] and "request_id" not in e]
        await commit(database, actor)
        assert await next_tenants(subscription) == {actor.tenant_id}


async def test_pending_notifications_are_sent_at_shutdown(
    database_url: str, settings: Settings, listener: Database, actor: Actor
) -> None:
    async with aclosing(listener.change_notifier.subscribe(actor.tenant_id)) as subscription:
        await skip_initial_polls(subscription)
        async with Database(database_url, settings) as sender:
            await commit(sender, actor, actor)
        assert await next_tenants(subscription) == {actor.tenant_id}
