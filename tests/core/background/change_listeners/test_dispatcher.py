"""The dispatcher delivers every change to every listener, despite failures and concurrent processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import psycopg
import pytest
from tests.support.background_plugins import (
    Tenant,
    account_names,
    fast_settings,
    listener_plugin,
    run_killed_worker,
    unique_name,
    wait_until,
    wait_until_async,
)
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


class Recorder:
    """A plugin that records the account names that it receives, in memory and as accounts."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.plugin = listener_plugin(self.listen)

    async def listen(self, context: Context, changes: Sequence[Change]) -> None:
        received = [name for name in account_names(changes) if not name.startswith("received ")]
        await context.write.create(Account, [{"name": f"received {name}"} for name in received])
        self.names += received


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def tenant(database: Database, actor: Actor, recorder: Recorder) -> Tenant:
    tenant = Tenant(database, actor, recorder.plugin)
    await tenant.enable()
    return tenant


@pytest.fixture
def _no_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dispatcher polls only after a notification."""
    monkeypatch.setattr(notifications, "POLL_SECONDS", 3600.0)


@pytest.fixture
def _fast_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dispatcher polls constantly."""
    monkeypatch.setattr(notifications, "POLL_SECONDS", 0.05)


@asynccontextmanager
async def run_until_ready(tenant: Tenant, settings: Settings) -> AsyncIterator[None]:
    """Run background work, and wait until the first change is delivered."""
    async with run_background(tenant.database, tenant.host, fast_settings(settings)):
        await tenant.create_accounts("first")
        await wait_until_async(lambda: has_no_lag(tenant))
        yield


async def has_no_lag(tenant: Tenant) -> bool:
    return all(problems.lag == 0 for problems in (await tenant.all_problems()).values())


async def list_received(tenant: Tenant) -> list[str]:
    """Return the names that the plugin has written, in order."""
    statement = "SELECT after->>'name' FROM change WHERE after->>'name' LIKE 'received %' ORDER BY seq"
    return [name.removeprefix("received ") for (name,) in await tenant.writer.select(statement)]


async def test_a_commit_is_delivered_immediately(
    tenant: Tenant, recorder: Recorder, settings: Settings
) -> None:
    async with run_until_ready(tenant, settings):
        for number in range(3):
            start = asyncio.get_running_loop().time()
            await tenant.create_accounts(f"number {number}")
            await wait_until(lambda number=number: f"number {number}" in recorder.names)  # type: ignore[misc]
            assert asyncio.get_running_loop().time() - start < notifications.POLL_SECONDS / 2
    assert recorder.names == ["first", "number 0", "number 1", "number 2"]


@pytest.mark.usefixtures("_fast_polling")
async def test_writes_of_other_programs_are_delivered(
    tenant: Tenant, recorder: Recorder, settings: Settings, database_url: str
) -> None:
    async with run_until_ready(tenant, settings):
        async with await psycopg.AsyncConnection.connect(database_url) as owner:
            await owner.execute("INSERT INTO account (tenant_id, name) VALUES (%s, 'psql')", (tenant.id,))
        await wait_until(lambda: "psql" in recorder.names)


async def test_two_processes_deliver_every_change_once_and_in_order(
    tenant: Tenant, recorder: Recorder, settings: Settings, database_url: str
) -> None:
    created = [f"number {number}" for number in range(40)]
    async with Database(database_url, settings) as elsewhere:
        other = run_background(elsewhere, tenant.host, fast_settings(settings))
        async with run_until_ready(tenant, settings), other:
            await tenant.create_accounts(*created)
            await wait_until(lambda: len(recorder.names) >= 41)
            await wait_until_async(lambda: has_no_lag(tenant))
    assert recorder.names == ["first", *created]
    assert await list_received(tenant) == ["first", *created]


@pytest.mark.usefixtures("_fast_polling")
async def test_a_failing_listener_does_not_delay_others(
    database: Database, actor: Actor, recorder: Recorder, settings: Settings
) -> None:
    async def fail(_: Context, __: Sequence[Change]) -> None:
        raise ValueError("always")

    failing = listener_plugin(fail)
    tenant = Tenant(database, actor, failing, recorder.plugin)
    await tenant.enable()
    async with run_background(database, tenant.host, fast_settings(settings, change_listener_attempts=3)):
        await tenant.create_accounts("one")
        await wait_until(lambda: recorder.names == ["one"])
        await wait_until_async(lambda: is_parked(tenant))
        await tenant.create_accounts("two")
        await wait_until(lambda: recorder.names == ["one", "two"])
    assert "failed 3 times" in (await tenant.all_problems())[failing.MANIFEST.name].problems[0]


async def is_parked(tenant: Tenant) -> bool:
    return bool(await tenant.writer.read("plugin", "paused_at IS NOT NULL", "change_listener"))


@pytest.mark.usefixtures("_no_polling")
async def test_a_slow_listener_does_not_delay_others(
    database: Database, actor: Actor, recorder: Recorder, settings: Settings
) -> None:
    release = asyncio.Event()

    async def wait(_: Context, __: Sequence[Change]) -> None:
        await release.wait()

    tenant = Tenant(database, actor, listener_plugin(wait), recorder.plugin)
    await tenant.enable()
    async with run_background(database, tenant.host, fast_settings(settings)):
        await tenant.create_accounts("one")
        await wait_until(lambda: recorder.names == ["one"])
        await tenant.create_accounts("two")
        await wait_until(lambda: recorder.names == ["one", "two"])
        assert not await has_no_lag(tenant)
        release.set()
        await wait_until_async(lambda: has_no_lag(tenant))


async def test_after_a_kill_every_change_is_delivered_and_nothing_is_written_twice(
    tenant: Tenant, recorder: Recorder, settings: Settings, database_url: str
) -> None:
    await tenant.create_accounts("one", "two")
    await run_killed_worker(database_url, tenant.name, "on_change")
    assert await list_received(tenant) == []
    async with run_background(tenant.database, tenant.host, fast_settings(settings)):
        await wait_until(lambda: recorder.names == ["one", "two"])
        await wait_until_async(lambda: has_no_lag(tenant))
    assert await list_received(tenant) == ["one", "two"]
    assert await tenant.writer.read("name", "name LIKE '%killed%'") == []


async def test_a_running_delivery_ends_before_the_process_stops(
    database: Database, actor: Actor, settings: Settings
) -> None:
    started = asyncio.Event()

    async def slowly(context: Context, _: Sequence[Change]) -> None:
        if not started.is_set():
            started.set()
            await asyncio.sleep(0.3)
            await context.write.create(Account, [{"name": "completed"}])

    tenant = Tenant(database, actor, listener_plugin(slowly))
    await tenant.enable()
    async with run_background(database, tenant.host, fast_settings(settings)):
        await tenant.create_accounts("one")
        await asyncio.wait_for(started.wait(), 20)
    assert await tenant.writer.read("name") == [("completed",), ("one",)]


@pytest.mark.usefixtures("_fast_polling")
async def test_a_listener_that_a_plugin_adds_later_receives_changes_from_now_on(
    database: Database, actor: Actor, settings: Settings
) -> None:
    name = unique_name()
    before = Tenant(database, actor, plugin(name))
    await before.enable()
    await before.create_accounts("before")
    received: list[str] = []

    @hookimpl
    async def on_change(context: Context, changes: Sequence[Change]) -> None:
        received.extend(account_names(changes))

    tenant = Tenant(database, actor, plugin(name, on_change=on_change))
    async with run_background(database, tenant.host, fast_settings(settings)):
        await wait_until_async(lambda: has_listener(tenant))
        await tenant.create_accounts("after")
        await wait_until(lambda: received == ["after"])


async def has_listener(tenant: Tenant) -> bool:
    return bool(await tenant.writer.read("plugin", table="change_listener"))


@pytest.mark.usefixtures("_fast_polling")
async def test_a_cursor_that_has_not_advanced_for_an_hour_is_advanced(
    tenant: Tenant, settings: Settings, new_actor: Callable[[], Actor]
) -> None:
    """Otherwise it would expire when older changes are dropped, although no change is undelivered."""
    old = await tenant.fetch_value("cursor", "change_listener")
    await tenant.writer.select(
        "UPDATE change_listener SET advanced_at = now() - interval '2 hours' RETURNING 1"
    )
    await Tenant(tenant.database, new_actor()).create_accounts("elsewhere")
    async with run_background(tenant.database, tenant.host, fast_settings(settings)):
        await wait_until_async(lambda: has_advanced(tenant, old))


async def has_advanced(tenant: Tenant, old: str) -> bool:
    return bool(await tenant.fetch_value("cursor", "change_listener") != old)
