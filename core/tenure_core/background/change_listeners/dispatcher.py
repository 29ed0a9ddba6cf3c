"""The deliverer: finds the deliveries that are due, and does several of them at a time."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog

from tenure_core.background.change_listeners.batch import ChangeBatch
from tenure_core.errors import TenureError
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database
from tenure_core.postgres.notifications import ChangeNotifier, Tenants
from tenure_core.settings import Settings

SHUTDOWN_SECONDS = 5.0
"""How long deliveries that are under way may take to end when the process is told to stop."""

POLL_SECONDS = 0.1
"""What is committed meanwhile is delivered together: a delivery takes time from the load that causes it."""

BEGIN = "SELECT tenure_begin_deliveries(%s)"
DUE = "SELECT tenant_id, plugin FROM tenure_due_deliveries(%s, %s)"

log = structlog.get_logger()

Key = tuple[uuid.UUID, str]


@dataclass
class Dispatcher:
    """Delivers changes to plugins, those of a tenant to a plugin in their order. Several may run at a time.

    Args:
        database: Where the changes are.
        host: The plugins of this process.
        settings: How many deliveries at a time, and how they are done.
    """

    database: Database
    host: Host
    settings: Settings
    _running: dict[Key, asyncio.Task[None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = [plugin.name for plugin in self.host.implementing("on_change")]
        self._places = asyncio.Semaphore(self.settings.worker_concurrency)

    async def run(self, wakes: ChangeNotifier) -> None:
        """Deliver until it is cancelled; then what is under way may end.

        Args:
            wakes: What wakes it.
        """
        if not self._names:
            return
        try:
            async with aclosing(wakes.subscribe()) as waits:
                async for tenants in waits:
                    await self._poll(tenants)
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            await self._finish()

    async def _poll(self, tenants: Tenants | None) -> None:
        try:
            due = await self._due(tenants)
        except TenureError as error:
            log.warning("looking for deliveries failed and will be tried again", reason=str(error))
            return
        for key in due:
            self._start(key)

    async def _due(self, tenants: Tenants | None) -> list[Key]:
        async with self.database.shared_connection() as connection:
            if tenants is None:
                await connection.execute(BEGIN, (self._names,))
            wanted = None if tenants is None else list(tenants)
            cursor = await connection.execute(DUE, (self._names, wanted))
            return await cursor.fetchall()

    def _start(self, key: Key) -> None:
        """Begin a delivery. One that runs already wakes us by its commit, so nothing is missed meanwhile."""
        if key not in self._running:
            self._running[key] = task = asyncio.create_task(self._deliver(key))
            task.add_done_callback(lambda _: self._running.pop(key))

    async def _deliver(self, key: Key) -> None:
        tenant_id, name = key
        delivery = ChangeBatch(self.database, self.host, self.settings, self.host[name], tenant_id)
        more = True
        try:
            while more:
                # Each batch waits in line anew, so that those who are far behind leave room for the others.
                async with self._places:
                    more = await delivery.next_batch()
        except Exception as error:
            names = {"plugin": name, "tenant": str(tenant_id)}
            log.warning("a delivery failed and will be tried again", **names, exc_info=error)

    async def _finish(self) -> None:
        if self._running:
            _, late = await asyncio.wait(self._running.values(), timeout=SHUTDOWN_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
