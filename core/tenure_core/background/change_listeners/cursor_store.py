"""Standing: where a plugin stands in a tenant's feed, and how it fares there."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from tenure_core.postgres.database import TenantConnection
from tenure_core.settings import Settings

MAX_RETRY_SECONDS = 600.0

GONE = "What it had to hear of next is no longer kept."

LOCK_CURSOR = """
    SELECT cursor
    FROM plugin_delivery JOIN tenant_plugin USING (tenant_id, plugin)
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s AND enabled
        AND parked_at IS NULL AND next_attempt_at <= now()
    FOR UPDATE OF plugin_delivery SKIP LOCKED
"""

ADVANCE_CURSOR = """
    UPDATE plugin_delivery
    SET cursor = %(cursor)s, moved_at = now(), attempts = 0, problem = NULL
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s
"""

RECORD_FAILURE = """
    UPDATE plugin_delivery
    SET problem = %(problem)s,
        attempts = attempts + 1,
        parked_at = CASE WHEN attempts + 1 >= %(most)s THEN clock_timestamp() END,
        next_attempt_at = clock_timestamp()
            + make_interval(secs => least(%(longest)s, %(pause)s * 2 ^ least(attempts, 30)))
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s
"""

MARK_EXPIRED = """
    UPDATE plugin_delivery SET cursor = NULL, parked_at = now(), problem = %(problem)s
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s
"""


@dataclass(frozen=True, slots=True)
class ListenerCursor:
    """A plugin's place in a tenant's feed, over a connection in a transaction of the tenant.

    Args:
        connection: The connection.
        tenant_id: Whose feed.
        plugin: The plugin's name.
    """

    connection: TenantConnection
    tenant_id: uuid.UUID
    plugin: str

    async def lock(self) -> str | None:
        """Return the cursor, and keep others from it until the transaction ends.

        Returns:
            None where another has it, where there is nothing to do yet, or no more.
        """
        cursor = await self.connection.execute(LOCK_CURSOR, self._values())
        found = await cursor.fetchone()
        return None if found is None else str(found[0])

    async def advance(self, cursor: str) -> None:
        """Note that the plugin has heard of everything before a cursor."""
        await self.connection.execute(ADVANCE_CURSOR, self._values(cursor=cursor))

    async def record_failure(self, problem: str, settings: Settings) -> None:
        """Note that the plugin has failed: it is tried later, and not any more after too many failures."""
        await self.connection.execute(
            RECORD_FAILURE,
            self._values(
                problem=problem,
                most=settings.change_listener_attempts,
                pause=settings.plugin_retry_seconds,
                longest=MAX_RETRY_SECONDS,
            ),
        )

    async def mark_expired(self) -> None:
        """Note that the changes after the cursor are gone."""
        await self.connection.execute(MARK_EXPIRED, self._values(problem=GONE))

    def _values(self, **values: object) -> dict[str, object]:
        return {"tenant": self.tenant_id, "plugin": self.plugin, **values}
