"""The dispatcher: finds change listeners with undelivered changes, and delivers batches in parallel."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog

from tenure_core.background.change_listeners.batch import ChangeBatch
from tenure_core.errors import TenureError
from tenure_core.plugins.administration.enablement import enable_for_all_tenants
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database
from tenure_core.postgres.notifications import ChangeNotifier, Tenants
from tenure_core.settings import Settings

SHUTDOWN_SECONDS = 5.0
"""The time that running deliveries have to end when the process stops."""

BATCH_DELAY_SECONDS = 0.1
"""Changes that are committed within this time are delivered together, which reduces the load."""

CREATE_LISTENERS = "SELECT tenure_create_change_listeners(%s)"
DUE_LISTENERS = "SELECT tenant_id, plugin FROM tenure_due_change_listeners(%s, %s)"

log = structlog.get_logger()

ListenerKey = tuple[uuid.UUID, str]
"""A tenant, and the name of a plugin."""


@dataclass
class Dispatcher:
    """Delivers changes to the change listeners of plugins. Several dispatchers can run at the same time.

    Args:
        database: The database.
        host: The plugins of this process.
        settings: The number of parallel batches, and how a batch is delivered.
    """

    database: Database
    host: Host
    settings: Settings
    _tasks: dict[ListenerKey, asyncio.Task[None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._plugins = [plugin.name for plugin in self.host.implementing("on_change")]
        self._built_in = [plugin.name for plugin in self.host.built_in if plugin.name in self._plugins]
        self._slots = asyncio.Semaphore(self.settings.worker_concurrency)

    async def run(self, notifier: ChangeNotifier) -> None:
        """Deliver changes until cancelled; running deliveries are then given time to end.

        Args:
            notifier: Notifies the dispatcher of commits.
        """
        if not self._plugins:
            return
        try:
            async with aclosing(notifier.subscribe()) as notifications:
                async for tenants in notifications:
                    await self._poll(tenants)
                    await asyncio.sleep(BATCH_DELAY_SECONDS)
        finally:
            await self._stop()

    async def _poll(self, tenants: Tenants | None) -> None:
        try:
            due = await self._find_due(tenants)
        except TenureError as error:
            log.warning("query for due change listeners failed and will be retried", reason=str(error))
            return
        for key in due:
            self._start(key)

    async def _find_due(self, tenants: Tenants | None) -> list[ListenerKey]:
        """Return the listeners with undelivered changes in some tenants, or in all if `tenants` is None."""
        if tenants is None:
            await enable_for_all_tenants(self.database, self._built_in)
        async with self.database.shared_connection() as connection:
            if tenants is None:
                await connection.execute(CREATE_LISTENERS, (self._plugins,))
            tenant_ids = None if tenants is None else list(tenants)
            cursor = await connection.execute(DUE_LISTENERS, (self._plugins, tenant_ids))
            return await cursor.fetchall()

    def _start(self, key: ListenerKey) -> None:
        """Start a delivery unless it is running: its commit wakes the dispatcher, so no change is missed."""
        if key not in self._tasks:
            self._tasks[key] = task = asyncio.create_task(self._deliver(key))
            task.add_done_callback(lambda _: self._tasks.pop(key))

    async def _deliver(self, key: ListenerKey) -> None:
        tenant_id, name = key
        batch = ChangeBatch(self.database, self.host, self.settings, self.host.find(name), tenant_id)
        has_next = True
        try:
            while has_next:
                # A slot per batch, so that a listener with many changes does not block the others.
                async with self._slots:
                    has_next = await batch.next_batch()
        except Exception as error:
            names = {"plugin": name, "tenant": str(tenant_id)}
            log.warning("delivery of changes failed and will be retried", **names, exc_info=error)

    async def _stop(self) -> None:
        if self._tasks:
            _, running = await asyncio.wait(self._tasks.values(), timeout=SHUTDOWN_SECONDS)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
