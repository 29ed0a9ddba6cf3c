"""Updates the running hours of equipment from meter readings, which can arrive in any order."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from tenure_sdk import Context

UPDATE_RUNNING_HOURS = text("""
    UPDATE equipment
    SET running_hours = greatest(equipment.running_hours, latest.value), running_hours_at = latest.taken_at
    FROM (
        SELECT DISTINCT ON (meter.equipment_id) meter.equipment_id, reading.value, reading.taken_at
        FROM meter
        CROSS JOIN LATERAL (
            SELECT value, taken_at FROM meter_reading
            WHERE meter_reading.tenant_id = meter.tenant_id AND meter_reading.meter_id = meter.id
                AND meter_reading.deleted_at IS NULL
            ORDER BY taken_at DESC LIMIT 1
        ) AS reading
        WHERE meter.tenant_id = :tenant AND meter.kind = 'RUNNING_HOURS' AND meter.deleted_at IS NULL
            AND meter.id IN (
                SELECT meter_id FROM meter_reading
                WHERE tenant_id = :tenant AND id = ANY (CAST(:ids AS uuid[]))
            )
        ORDER BY meter.equipment_id, reading.taken_at DESC
    ) AS latest
    WHERE equipment.tenant_id = :tenant AND equipment.id = latest.equipment_id
        AND (equipment.running_hours_at IS NULL OR equipment.running_hours_at <= latest.taken_at)
""")
"""`greatest`: a meter whose value decreased was replaced or reset; the equipment keeps its running hours."""


async def sync_running_hours(context: Context, reading_ids: Iterable[UUID]) -> None:
    """Set the running hours of equipment to the latest reading of its RUNNING_HOURS meters.

    Args:
        context: The context of the tenant.
        reading_ids: The new and changed readings.
    """
    binds = {"tenant": context.actor.tenant_id, "ids": sorted(set(reading_ids))}
    await context.session.execute(UPDATE_RUNNING_HOURS, binds)
