"""Stores the state of change listeners per tenant: cursor, number of failed attempts, and last error.

It also decides when a failed listener is called again, and when it is paused.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from tenure_core.postgres.database import TenantConnection
from tenure_core.settings import Settings

MAX_RETRY_SECONDS = 600.0

EXPIRED = "The next changes are no longer stored."

LOCK_CURSOR = """
    SELECT cursor
    FROM change_listener JOIN tenant_plugin USING (tenant_id, plugin)
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s AND enabled
        AND paused_at IS NULL AND next_attempt_at <= now()
    FOR UPDATE OF change_listener SKIP LOCKED
"""

ADVANCE_CURSOR = """
    UPDATE change_listener
    SET cursor = %(cursor)s, advanced_at = now(), attempts = 0, last_error = NULL
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s
"""

RECORD_FAILURE = """
    UPDATE change_listener
    SET last_error = %(error)s,
        attempts = attempts + 1,
        paused_at = CASE WHEN attempts + 1 >= %(max_attempts)s THEN clock_timestamp() END,
        next_attempt_at = clock_timestamp()
            + make_interval(secs => least(%(max_seconds)s, %(first_seconds)s * 2 ^ least(attempts, 30)))
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s
"""

MARK_EXPIRED = """
    UPDATE change_listener SET cursor = NULL, paused_at = now(), last_error = %(error)s
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s
"""


@dataclass(frozen=True, slots=True)
class ListenerCursor:
    """The state of a plugin's change listener in a tenant.

    Args:
        connection: A connection in a transaction of the tenant.
        tenant_id: The tenant.
        plugin: The name of the plugin.
    """

    connection: TenantConnection
    tenant_id: uuid.UUID
    plugin: str

    async def lock(self) -> str | None:
        """Lock the cursor until the transaction ends, and return it.

        Returns:
            None if another process has locked it, the listener is paused or waits for a retry, or the
            plugin is not enabled.
        """
        cursor = await self.connection.execute(LOCK_CURSOR, self._parameters())
        row = await cursor.fetchone()
        return None if row is None else str(row[0])

    async def advance(self, cursor: str) -> None:
        """Set the cursor after changes were processed."""
        await self.connection.execute(ADVANCE_CURSOR, self._parameters(cursor=cursor))

    async def record_failure(self, error: str, settings: Settings) -> None:
        """Record a failed attempt and schedule the next one; after too many, the listener is paused."""
        parameters = self._parameters(
            error=error,
            max_attempts=settings.change_listener_attempts,
            first_seconds=settings.plugin_retry_seconds,
            max_seconds=MAX_RETRY_SECONDS,
        )
        await self.connection.execute(RECORD_FAILURE, parameters)

    async def mark_expired(self) -> None:
        """Pause the listener because the changes after its cursor are no longer stored."""
        await self.connection.execute(MARK_EXPIRED, self._parameters(error=EXPIRED))

    def _parameters(self, **values: object) -> dict[str, object]:
        return {"tenant": self.tenant_id, "plugin": self.plugin, **values}
