"""What tests of deliveries and jobs stand on: small plugins, and tenants that have enabled them."""

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
from tenure_core.plugins.administration.status import PluginProblems, find_problems, resume_subscription
from tenure_core.plugins.context import Context
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.host import Host, load_host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings

PATIENCE_SECONDS = 20.0

Hear = Callable[[Context, Sequence[Change]], Awaitable[None]]


def unique() -> str:
    """Return a name for a plugin of one test alone: others work on the same database."""
    return f"p{uuid.uuid4().hex[:12]}"


def quick(settings: Settings, **changed: object) -> Settings:
    """Return settings under which failures are tried again at once."""
    usual = {"plugin_retry_seconds": 0.001, "worker_stalled_seconds": 1.0}
    return settings.model_copy(update=usual | changed)


def hearing(hear: Hear, name: str = "") -> Any:
    """Return a plugin that hears of changes; it has a name of its own, unless one is given."""

    @hookimpl
    async def on_change(context: Context, changes: Sequence[Change]) -> None:
        await hear(context, changes)

    return plugin(name or unique(), on_change=on_change)


class Tenant:
    """A tenant as tests of the background use it.

    Args:
        database: Where it is.
        actor: An administrator of it.
        plugins: The plugins that it has, as modules or objects.
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
            for one in self.host.plugins:
                await (enable if on else disable)(connection, self.host, one.name, self.id)

    async def resume(self, name: str) -> None:
        async with self.database.write_transaction(self.id, "test", "test") as connection:
            await resume_subscription(connection, name, self.id)

    async def all_health(self) -> Mapping[str, PluginProblems]:
        """Return how its plugins fare."""
        async with self.database.tenant_connection(self.id) as connection:
            return await find_problems(connection, self.id)

    async def health(self) -> PluginProblems:
        """Return how its only plugin fares."""
        return (await self.all_health())[self.name]

    @property
    def name(self) -> str:
        """The name of its only plugin."""
        [one] = self.host.plugins
        return one.name

    async def accounts(self, *names: str) -> None:
        """Make accounts, each in a transaction of its own."""
        for name in names:
            await self.writer.create({"name": name})

    async def first(self, column: str, table: str, where: str = "true") -> Any:
        [(value,), *_] = await self.writer.read(column, where, table)
        return value


async def killed(url: str, name: str, hook: str) -> None:
    """Run a process that is killed in the middle of a plugin's hook; see `tests.support.killed_worker`."""
    command = (sys.executable, "-m", "tests.support.killed_worker", url, name, hook)
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == -signal.SIGKILL, errors.decode()


async def until(ready: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        assert time.monotonic() < deadline, "it did not come to be so"
        await asyncio.sleep(0.01)


async def until_so(ready: Callable[[], Awaitable[object]]) -> None:
    """Wait until something that takes asking is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not await ready():
        assert time.monotonic() < deadline, "it did not come to be so"
        await asyncio.sleep(0.02)


def names(changes: Sequence[Change]) -> list[str]:
    """Return the names of the accounts that changes are about."""
    return [(change.after or change.before or {}).get("name", "") for change in changes]
