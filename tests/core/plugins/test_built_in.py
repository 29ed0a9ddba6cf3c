"""Built-in plugins register jobs and change listeners with the hooks of plugins, for every tenant."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from types import ModuleType

import pytest
from tests.support.background_plugins import (
    Tenant,
    account_names,
    fast_settings,
    unique_name,
    wait_until,
    wait_until_async,
)

from tenure_core.access.identity import Actor
from tenure_core.background.jobs import worker
from tenure_core.background.runtime import run_background
from tenure_core.changes.change import Change
from tenure_core.errors import PluginError
from tenure_core.plugins import built_in
from tenure_core.plugins.administration.admin_view import view_plugins
from tenure_core.plugins.context import Context
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.host import load_host
from tenure_core.plugins.manifest import Manifest
from tenure_core.plugins.registrations import DatabaseJob, Job
from tenure_core.postgres import notifications
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings

AddBuiltIn = Callable[..., str]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(notifications, "POLL_SECONDS", 0.05)


@pytest.fixture
def add_built_in(monkeypatch: pytest.MonkeyPatch) -> AddBuiltIn:
    """Replace the built-in plugins with a module that has the given hooks, and return its name."""

    def add(**hooks: Callable[..., object]) -> str:
        name = unique_name()
        module = ModuleType(name)
        manifest = Manifest(name=name, version="1.0.0", tenure=">=0.1", doc="A built-in plugin.")
        vars(module).update(MANIFEST=manifest, **{hook: hookimpl(call) for hook, call in hooks.items()})
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(built_in, "BUILT_IN_PLUGINS", (name,))
        return name

    return add


async def test_a_change_listener_receives_the_changes_of_a_tenant_that_enabled_nothing(
    database: Database, actor: Actor, settings: Settings, add_built_in: AddBuiltIn
) -> None:
    received: list[str] = []

    async def on_change(context: Context, changes: Sequence[Change]) -> None:
        if context.actor.tenant_id == actor.tenant_id:
            received.extend(account_names(changes))

    add_built_in(on_change=on_change)
    tenant = Tenant(database, actor)
    async with run_background(database, tenant.host, fast_settings(settings)):
        await wait_until_listening(tenant)
        await tenant.create_accounts("one", "two")
        await wait_until(lambda: received == ["one", "two"])


async def wait_until_listening(tenant: Tenant) -> None:
    """Wait until the change listener of the tenant exists."""

    async def is_listening() -> bool:
        return bool(await tenant.writer.read("plugin", table="change_listener"))

    await wait_until_async(is_listening)


async def test_a_job_runs_for_every_tenant(
    database: Database, actor: Actor, other_actor: Actor, settings: Settings, add_built_in: AddBuiltIn
) -> None:
    tenants: set[object] = set()

    async def run(context: Context) -> None:
        tenants.add(context.actor.tenant_id)

    add_built_in(register_jobs=lambda: [job(run)])
    async with run_background(database, load_host(Settings(), []), fast_settings(settings)):
        await wait_until(lambda: {actor.tenant_id, other_actor.tenant_id} <= tenants)


def job(run: Callable[[Context], Awaitable[None]]) -> Job:
    return Job(name="tidy", doc="Tidy up.", run=run, every=timedelta(seconds=1))


async def test_a_database_job_is_retried_until_it_succeeds(
    database: Database, settings: Settings, add_built_in: AddBuiltIn
) -> None:
    failures, completed = [ValueError("first"), ValueError("second")], 0

    async def run(_: Database, __: Settings) -> None:
        nonlocal completed
        if failures:
            raise failures.pop()
        completed += 1

    hourly = DatabaseJob(name="sweep", doc="Sweep.", run=run, every=timedelta(hours=1))
    add_built_in(register_jobs=lambda: [hourly])
    async with run_background(database, load_host(Settings(), []), fast_settings(settings)):
        await wait_until(lambda: completed)
    assert (failures, completed) == ([], 1)


async def test_a_database_job_runs_again_at_its_next_due_time(
    database: Database, settings: Settings, add_built_in: AddBuiltIn
) -> None:
    runs = 0

    async def run(_: Database, __: Settings) -> None:
        nonlocal runs
        runs += 1

    frequent = DatabaseJob(name="sweep", doc="Sweep.", run=run, every=timedelta(seconds=0.3))
    add_built_in(register_jobs=lambda: [frequent])
    async with run_background(database, load_host(Settings(), []), fast_settings(settings)):
        await wait_until(lambda: runs >= 3)


async def test_a_built_in_plugin_is_no_plugin_of_a_tenant(
    database: Database, actor: Actor, add_built_in: AddBuiltIn
) -> None:
    async def on_change(context: Context, changes: Sequence[Change]) -> None:
        """Do nothing."""

    name = add_built_in(on_change=on_change)
    tenant = Tenant(database, actor)
    assert [plugin.name for plugin in tenant.host.implementing("on_change")] == [name]
    with pytest.raises(PluginError, match="is not loaded"):
        tenant.host[name]
    async with database.shared_connection() as connection:
        await connection.execute("SELECT tenure_enable_plugins(%s)", ([name],))
    async with database.tenant_connection(tenant.id) as connection:
        assert await view_plugins(connection, tenant.host, tenant.id) == []


def test_no_plugin_has_the_name_of_a_built_in_one(add_built_in: AddBuiltIn) -> None:
    name = add_built_in()
    manifest = Manifest(name=name, version="1.0.0", tenure=">=0.1", doc="Another plugin.")
    plugin = ModuleType("another")
    plugin.MANIFEST = manifest  # type: ignore[attr-defined]
    with pytest.raises(PluginError, match=f"the plugin {name} twice"):
        load_host(Settings(), [plugin])
