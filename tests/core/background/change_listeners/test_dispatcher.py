"""The deliverer: every change reaches every plugin that wants it, whoever fails, dies, or runs beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import psycopg
import pytest
from tests.support.background_plugins import Tenant, hearing, killed, names, quick, unique, until, until_so
from tests.support.plugin_factory import plugin

from tenure_core.access.identity import Actor
from tenure_core.background.runtime import run_background
from tenure_core.changes.change import Change
from tenure_core.entities.model import Account
from tenure_core.plugins.context import Context
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.postgres import notifications
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings


class Heard:
    """A plugin that notes what it hears, by tenant, and writes down each name that it has heard."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.hook = hearing(self.hear)

    async def hear(self, context: Context, changes: Sequence[Change]) -> None:
        told = [name for name in names(changes) if not name.startswith("heard ")]
        await context.write.create(Account, [{"name": f"heard {name}"} for name in told])
        self.names += told


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def tenant(database: Database, actor: Actor, heard: Heard) -> Tenant:
    tenant = Tenant(database, actor, heard.hook)
    await tenant.enable()
    return tenant


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks without being told."""
    monkeypatch.setattr(notifications, "POLL_SECONDS", 3600.0)


@pytest.fixture
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody looks all the time."""
    monkeypatch.setattr(notifications, "POLL_SECONDS", 0.05)


@asynccontextmanager
async def started(tenant: Tenant, settings: Settings) -> AsyncIterator[None]:
    """Run the background, once it has found its feet."""
    async with run_background(tenant.database, tenant.host, quick(settings)):
        await tenant.accounts("first")
        await until_so(lambda: caught_up(tenant))
        yield


async def caught_up(tenant: Tenant) -> bool:
    return all(one.lag == 0 for one in (await tenant.all_health()).values())


async def written(tenant: Tenant) -> list[str]:
    """Return what the plugin wrote down, in the order in which it did."""
    statement = "SELECT after->>'name' FROM change WHERE after->>'name' LIKE 'heard %' ORDER BY seq"
    return [name.removeprefix("heard ") for (name,) in await tenant.writer.select(statement)]


async def test_a_commit_is_told_of_at_once(tenant: Tenant, heard: Heard, settings: Settings) -> None:
    async with started(tenant, settings):
        for number in range(3):
            begun = asyncio.get_running_loop().time()
            await tenant.accounts(f"number {number}")
            await until(lambda number=number: f"number {number}" in heard.names)  # type: ignore[misc]
            assert asyncio.get_running_loop().time() - begun < notifications.POLL_SECONDS / 2
    assert heard.names == ["first", "number 0", "number 1", "number 2"]


@pytest.mark.usefixtures("restless")
async def test_what_others_than_tenure_write_is_found(
    tenant: Tenant, heard: Heard, settings: Settings, database_url: str
) -> None:
    async with started(tenant, settings):
        async with await psycopg.AsyncConnection.connect(database_url) as owner:
            await owner.execute("INSERT INTO account (tenant_id, name) VALUES (%s, 'psql')", (tenant.id,))
        await until(lambda: "psql" in heard.names)


async def test_two_processes_tell_of_everything_once_and_in_order(
    tenant: Tenant, heard: Heard, settings: Settings, database_url: str
) -> None:
    sent = [f"number {number}" for number in range(40)]
    async with Database(database_url, settings) as elsewhere:
        other = run_background(elsewhere, tenant.host, quick(settings))
        async with started(tenant, settings), other:
            await tenant.accounts(*sent)
            await until(lambda: len(heard.names) >= 41)
            await until_so(lambda: caught_up(tenant))
    assert heard.names == ["first", *sent]
    assert await written(tenant) == ["first", *sent]


@pytest.mark.usefixtures("restless")
async def test_one_that_fails_keeps_nobody_waiting(
    database: Database, actor: Actor, heard: Heard, settings: Settings
) -> None:
    async def fail(_: Context, __: Sequence[Change]) -> None:
        raise ValueError("always")

    failing = hearing(fail)
    tenant = Tenant(database, actor, failing, heard.hook)
    await tenant.enable()
    async with run_background(database, tenant.host, quick(settings, change_listener_attempts=3)):
        await tenant.accounts("one")
        await until(lambda: heard.names == ["one"])
        await until_so(lambda: is_parked(tenant))
        await tenant.accounts("two")
        await until(lambda: heard.names == ["one", "two"])
    assert "failed 3 times" in (await tenant.all_health())[failing.MANIFEST.name].problems[0]


async def is_parked(tenant: Tenant) -> bool:
    return bool(await tenant.writer.read("plugin", "parked_at IS NOT NULL", "plugin_delivery"))


@pytest.mark.usefixtures("alone")
async def test_one_that_takes_its_time_keeps_nobody_waiting(
    database: Database, actor: Actor, heard: Heard, settings: Settings
) -> None:
    free = asyncio.Event()

    async def wait(_: Context, __: Sequence[Change]) -> None:
        await free.wait()

    tenant = Tenant(database, actor, hearing(wait), heard.hook)
    await tenant.enable()
    async with run_background(database, tenant.host, quick(settings)):
        await tenant.accounts("one")
        await until(lambda: heard.names == ["one"])
        await tenant.accounts("two")
        await until(lambda: heard.names == ["one", "two"])
        assert not await caught_up(tenant)
        free.set()
        await until_so(lambda: caught_up(tenant))


async def test_after_a_kill_all_is_told_and_nothing_is_written_twice(
    tenant: Tenant, heard: Heard, settings: Settings, database_url: str
) -> None:
    await tenant.accounts("one", "two")
    await killed(database_url, tenant.name, "on_change")
    assert await written(tenant) == []
    async with run_background(tenant.database, tenant.host, quick(settings)):
        await until(lambda: heard.names == ["one", "two"])
        await until_so(lambda: caught_up(tenant))
    assert await written(tenant) == ["one", "two"]
    assert await tenant.writer.read("name", "name LIKE '%died%'") == []


async def test_what_is_under_way_may_end_when_the_process_is_told_to_stop(
    database: Database, actor: Actor, settings: Settings
) -> None:
    begun = asyncio.Event()

    async def slowly(context: Context, _: Sequence[Change]) -> None:
        if not begun.is_set():
            begun.set()
            await asyncio.sleep(0.3)
            await context.write.create(Account, [{"name": "to the end"}])

    tenant = Tenant(database, actor, hearing(slowly))
    await tenant.enable()
    async with run_background(database, tenant.host, quick(settings)):
        await tenant.accounts("one")
        await asyncio.wait_for(begun.wait(), 20)
    assert await tenant.writer.read("name") == [("one",), ("to the end",)]


@pytest.mark.usefixtures("restless")
async def test_a_tenant_that_enabled_a_plugin_before_it_wanted_changes_is_told_from_now_on(
    database: Database, actor: Actor, settings: Settings
) -> None:
    name = unique()
    before = Tenant(database, actor, plugin(name))
    await before.enable()
    await before.accounts("before")
    told: list[str] = []

    @hookimpl
    async def on_change(context: Context, changes: Sequence[Change]) -> None:
        told.extend(names(changes))

    tenant = Tenant(database, actor, plugin(name, on_change=on_change))
    async with run_background(database, tenant.host, quick(settings)):
        await until_so(lambda: begun(tenant))
        await tenant.accounts("after")
        await until(lambda: told == ["after"])


async def begun(tenant: Tenant) -> bool:
    return bool(await tenant.writer.read("plugin", table="plugin_delivery"))


@pytest.mark.usefixtures("restless")
async def test_a_cursor_that_nothing_has_moved_for_an_hour_is_moved_up(
    tenant: Tenant, settings: Settings, new_actor: Callable[[], Actor]
) -> None:
    """Else it would seem to lead to what is gone, once the changes are dropped that ran beside it."""
    old = await tenant.first("cursor", "plugin_delivery")
    await tenant.writer.select("UPDATE plugin_delivery SET moved_at = now() - interval '2 hours' RETURNING 1")
    await Tenant(tenant.database, new_actor()).accounts("elsewhere")
    async with run_background(tenant.database, tenant.host, quick(settings)):
        await until_so(lambda: moved(tenant, old))


async def moved(tenant: Tenant, old: str) -> bool:
    return bool(await tenant.first("cursor", "plugin_delivery") != old)
