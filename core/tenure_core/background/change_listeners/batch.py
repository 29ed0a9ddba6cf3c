"""Delivers one batch of changes of a tenant to the `on_change` hook of a plugin."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg
import structlog

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.access.visibility import VisibleRows, visible_rows
from tenure_core.background.change_listeners.cursor_store import ListenerCursor
from tenure_core.changes.change import Change
from tenure_core.changes.reader import ChangePage, read_page
from tenure_core.errors import error_summary
from tenure_core.plugins.actor import plugin_actor
from tenure_core.plugins.administration.enablement import enabled_plugins
from tenure_core.plugins.context import Context, use_context
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.postgres.database import CURSOR_EXPIRED, Database, TenantConnection
from tenure_core.settings import Settings

BATCH_SIZE = 500

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ChangeBatch:
    """Delivers the changes of a tenant to a plugin.

    Args:
        database: The database.
        host: The plugins of this process.
        settings: The timeout of the hook and the maximum number of attempts.
        plugin: The plugin.
        tenant_id: The tenant.
    """

    database: Database
    host: Host
    settings: Settings
    plugin: LoadedPlugin
    tenant_id: uuid.UUID

    async def next_batch(self) -> bool:
        """Deliver the next changes and advance the cursor in the same transaction.

        If the hook fails, the same changes are delivered again later.

        Returns:
            Whether further changes can be delivered immediately.

        Raises:
            TenureError: The database is unavailable.
        """
        actor = plugin_actor(self.plugin.name, self.tenant_id)
        async with self.database.write_transaction(
            self.tenant_id, actor.audit_name, actor.origin
        ) as connection:
            listener = ListenerCursor(connection, self.tenant_id, self.plugin.name)
            cursor = await listener.lock()
            if cursor is None:
                return False
            actor = replace(actor, plugins=await enabled_plugins(connection, self.tenant_id))
            page = await self._read_page(connection, actor, cursor)
            if page is None:
                await listener.mark_expired()
            elif error := await self._deliver(connection, actor, page.changes):
                await listener.record_failure(error, self.settings)
            else:
                await listener.advance(page.cursor)
                return page.has_next
        return False

    async def _read_page(self, connection: TenantConnection, actor: Actor, cursor: str) -> ChangePage | None:
        """Read the next page; None if its changes are no longer stored."""
        try:
            async with connection.transaction():
                return await read_page(connection, actor, self._readable_rows(actor), cursor, BATCH_SIZE)
        except psycopg.Error as error:
            if error.sqlstate != CURSOR_EXPIRED:
                raise
            return None

    def _readable_rows(self, actor: Actor) -> VisibleRows:
        grants = authorize(actor, self.host.catalog)
        entities = (entity for entity in self.host.catalog.entities.values() if grants.may_read(entity))
        return visible_rows(entities, grants, include_deleted=True)

    async def _deliver(
        self, connection: TenantConnection, actor: Actor, changes: Sequence[Change]
    ) -> str | None:
        """Call the hook and return its error, if any. The writes of a failed hook are rolled back."""
        if not changes:
            return None
        try:
            async with (
                connection.transaction(),
                use_context(self.host.write_context(connection, actor), self.plugin) as context,
            ):
                await self._call_hook(context, changes)
        except Exception as error:
            names = {"plugin": self.plugin.name, "tenant": str(self.tenant_id)}
            log.warning("on_change of a plugin failed", **names, exc_info=error)
            return error_summary(error)
        return None

    async def _call_hook(self, context: Context, changes: Sequence[Change]) -> None:
        seconds = self.settings.change_listener_seconds
        try:
            async with asyncio.timeout(seconds) as limit:
                await self.plugin.hooks.call("on_change", context=context, changes=changes)
        except TimeoutError:
            if limit.expired():
                raise TimeoutError(
                    f"on_change took longer than {seconds:g} s for {len(changes)} changes"
                ) from None
            raise
