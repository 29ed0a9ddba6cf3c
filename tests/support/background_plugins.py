"""Plugins and tenants for tests of change listeners and jobs."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from tests.support.entity_writer import Writer
from tests.support.plugin_factory import plugin

from tenure_core.access.identity import Actor
from tenure_core.changes.change import Change
from tenure_core.plugins.administration.enablement import disable, enable
from tenure_core.plugins.administration.status import PluginProblems, find_problems, resume_change_listener
from tenure_core.plugins.context import Context
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.host import Host, load_host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings

TIMEOUT_SECONDS = 20.0

Listen = Callable[[Context, Sequence[Change]], Awaitable[None]]


def unique_name() -> str:
    """Return a plugin name that no other test uses on the same database."""
    return f"p{uuid.uuid4().hex[:12]}"


def fast_settings(settings: Settings, **changed: object) -> Settings:
    """Return settings with which failures are retried immediately."""
    defaults = {"plugin_retry_seconds": 0.001, "worker_stalled_seconds": 1.0}
    return settings.model_copy(update=defaults | changed)


def listener_plugin(listen: Listen, name: str = "") -> Any:
    """Return a plugin with a change listener; its name is unique unless one is given."""

    @hookimpl
    async def on_change(context: Context, changes: Sequence[Change]) -> None:
        await listen(context, changes)

    return plugin(name or unique_name(), on_change=on_change)


class Tenant:
    """A tenant in tests of background work.

    Args:
        database: The database.
        actor: An administrator of the tenant.
        plugins: The plugins of the host, as modules or objects.
    """

    def __init__(self, database: Database, actor: Actor, *plugins: Any) -> None:
        self.database, self.actor = database, actor
        self.host: Host = load_host(Settings(), list(plugins))
        self.writer = Writer(database, self.host.catalog, actor)

    @property
    def id(self) -> uuid.UUID:
        return self.actor.tenant_id

    async def enable(self, on: bool = True) -> None:
        async with self.database.write_transaction(self.id, "test", "test") as connection:
            for loaded in self.host.plugins:
                await (enable if on else disable)(connection, self.host, loaded.name, self.id)

    async def resume(self, name: str) -> None:
        async with self.database.write_transaction(self.id, "test", "test") as connection:
            await resume_change_listener(connection, name, self.id)

    async def all_problems(self) -> Mapping[str, PluginProblems]:
        """Return the problems of all plugins by name."""
        async with self.database.tenant_connection(self.id) as connection:
            return await find_problems(connection, self.id)

    async def problems(self) -> PluginProblems:
        """Return the problems of the only plugin."""
        return (await self.all_problems())[self.name]

    @property
    def name(self) -> str:
        """The name of the only plugin."""
        [loaded] = self.host.plugins
        return loaded.name

    async def create_accounts(self, *names: str) -> None:
        """Create accounts, each in its own transaction."""
        for name in names:
            await self.writer.create({"name": name})

    async def fetch_value(self, column: str, table: str, where: str = "true") -> Any:
        [(value,), *_] = await self.writer.read(column, where, table)
        return value


async def run_killed_worker(url: str, name: str, hook: str) -> None:
    """Run a process that is killed while it runs a hook; see `tests.support.killed_worker`."""
    command = (sys.executable, "-m", "tests.support.killed_worker", url, name, hook)
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == -signal.SIGKILL, errors.decode()


async def wait_until(condition: Callable[[], object]) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "timeout"
        await asyncio.sleep(0.01)


async def wait_until_async(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait until an asynchronous condition is true."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not await condition():
        assert time.monotonic() < deadline, "timeout"
        await asyncio.sleep(0.02)


def account_names(changes: Sequence[Change]) -> list[str]:
    """Return the account names in changes."""
    return [(change.after or change.before or {}).get("name", "") for change in changes]
