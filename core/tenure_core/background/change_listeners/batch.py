"""Delivery: one batch of changes, from a tenant's feed to a plugin."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import psycopg
import structlog

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.background.change_listeners.cursor_store import ListenerCursor
from tenure_core.changes.change import Change
from tenure_core.changes.reader import ChangePage, read_page
from tenure_core.errors import error_summary
from tenure_core.plugins.actor import plugin_actor
from tenure_core.plugins.administration.enablement import enabled_plugins
from tenure_core.plugins.context import Context, use_context
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin, call_hook
from tenure_core.postgres.database import CURSOR_EXPIRED, Database, TenantConnection
from tenure_core.settings import Settings

BATCH_SIZE = 500

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ChangeBatch:
    """The delivery of a tenant's changes to a plugin.

    Args:
        database: Where the changes are.
        host: The plugins of this process.
        settings: How long the plugin may take, and how often it may fail.
        plugin: Who is told.
        tenant_id: Whose changes.
    """

    database: Database
    host: Host
    settings: Settings
    plugin: LoadedPlugin
    tenant_id: uuid.UUID

    async def next_batch(self) -> bool:
        """Tell the plugin of the next changes, and move its cursor in the same transaction.

        A plugin that fails is told of the same changes later on.

        Returns:
            Whether there are more, and it may be told of them now.

        Raises:
            TenureError: The database can't.
        """
        actor = plugin_actor(self.plugin.name, self.tenant_id)
        async with self.database.write_transaction(
            self.tenant_id, actor.audit_name, actor.origin
        ) as connection:
            standing = ListenerCursor(connection, self.tenant_id, self.plugin.name)
            cursor = await standing.lock()
            if cursor is None:
                return False
            actor = replace(actor, plugins=await enabled_plugins(connection, self.tenant_id))
            page = await self._page(connection, actor, cursor)
            if page is None:
                await standing.mark_expired()
            elif problem := await self._call_hook(connection, actor, page.changes):
                await standing.record_failure(problem, self.settings)
            else:
                await standing.advance(page.cursor)
                return page.has_next
        return False

    async def _page(self, connection: TenantConnection, actor: Actor, cursor: str) -> ChangePage | None:
        """Read the next page; None where it is no longer kept."""
        try:
            async with connection.transaction():
                entities = self._entities(actor)
                return await read_page(connection, self.tenant_id, entities, cursor, BATCH_SIZE)
        except psycopg.Error as error:
            if error.sqlstate != CURSOR_EXPIRED:
                raise
            return None

    def _entities(self, actor: Actor) -> Iterable[str]:
        grants = authorize(actor, self.host.catalog).grants
        return (entity.name for entity in self.host.catalog.entities.values() if grants.may_read(entity))

    async def _call_hook(
        self, connection: TenantConnection, actor: Actor, changes: Sequence[Change]
    ) -> str | None:
        """Tell the plugin, and return what went wrong; then all is undone that it has written."""
        if not changes:
            return None
        try:
            async with (
                connection.transaction(),
                use_context(connection, self.host.catalog, self.plugin, actor) as context,
            ):
                await self._call(context, changes)
        except Exception as error:
            names = {"plugin": self.plugin.name, "tenant": str(self.tenant_id)}
            log.warning("a plugin failed in on_change", **names, exc_info=error)
            return error_summary(error)
        return None

    async def _call(self, context: Context, changes: Sequence[Change]) -> None:
        seconds = self.settings.change_listener_seconds
        try:
            async with asyncio.timeout(seconds) as limit:
                await call_hook(self.plugin.hooks, "on_change", context=context, changes=changes)
        except TimeoutError:
            if limit.expired():
                raise TimeoutError(f"it took longer than {seconds:g} s over {len(changes)} changes") from None
            raise
