"""Resets: work that was done or dropped starts the next interval of the plans that it was for.

A plan is reset by a work order that was made for it, and by a corrective one on its component: who has just
repaired the pump need not service it next week. What waits for an interval that was cut short is cancelled.
A work order that is cancelled for other reasons ends its interval at the moment that it was due: the work is
left out once.

All of it only moves plans forward, so that it may be done again, and in any order.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.maintenance.record_keys import log_refused
from tenure_manufacturing.rules.work_order_states import CANCELLED, UNTOUCHED
from tenure_sdk import Context

RESET = text("""
    WITH work AS MATERIALIZED (
        SELECT
            work_order.*,
            CASE WHEN work_order.status = 'CANCELLED' THEN due_at ELSE completed_at END AS at,
            coalesce(reading.value, equipment.running_hours) AS hours
        FROM work_order
        JOIN equipment
            ON equipment.tenant_id = work_order.tenant_id AND equipment.id = work_order.equipment_id
        LEFT JOIN LATERAL (
            SELECT latest.value
            FROM meter
            CROSS JOIN LATERAL (
                SELECT value, taken_at FROM meter_reading
                WHERE meter_reading.tenant_id = meter.tenant_id AND meter_reading.meter_id = meter.id
                    AND taken_at <= work_order.completed_at AND meter_reading.deleted_at IS NULL
                ORDER BY taken_at DESC LIMIT 1
            ) AS latest
            WHERE meter.tenant_id = equipment.tenant_id AND meter.equipment_id = equipment.id
                AND meter.kind = 'RUNNING_HOURS' AND meter.deleted_at IS NULL
            ORDER BY latest.taken_at DESC LIMIT 1
        ) AS reading ON true
        WHERE work_order.tenant_id = :tenant AND work_order.id = ANY (CAST(:ids AS uuid[]))
            AND work_order.deleted_at IS NULL
    ),
    ended AS MATERIALIZED (
        SELECT plan.id, max(work.at) AS at, max(work.hours) AS hours
        FROM work
        JOIN maintenance_plan AS plan
            ON plan.tenant_id = work.tenant_id AND plan.equipment_id = work.equipment_id
        WHERE plan.deleted_at IS NULL AND CASE
            WHEN work.status = 'CANCELLED'
                THEN plan.id = work.plan_id AND plan.counts_from = work.counted_from
            WHEN work.status IN ('COMPLETED', 'SIGNED_OFF')
                THEN plan.id = work.plan_id OR (work.kind = 'CORRECTIVE' AND plan.component = work.component)
        END
        GROUP BY plan.id
    )
    UPDATE maintenance_plan AS plan
    SET counts_from = ended.at, counts_from_running_hours = ended.hours
    FROM ended
    WHERE plan.tenant_id = :tenant AND plan.id = ended.id AND plan.counts_from < ended.at
    RETURNING plan.id
""")
"""Each part is computed once: PostgreSQL, which knows nothing of tables that were just filled, would compute
them for each plan anew, and take minutes over 500 work orders."""

SUPERSEDED = text("""
    SELECT work_order.id
    FROM work_order
    JOIN maintenance_plan AS plan ON plan.tenant_id = work_order.tenant_id AND plan.id = work_order.plan_id
    WHERE plan.tenant_id = :tenant AND plan.id = ANY (CAST(:plans AS uuid[]))
        AND work_order.counted_from < plan.counts_from
        AND work_order.status = ANY (:untouched) AND work_order.deleted_at IS NULL
""")


async def reset_plans(context: Context, orders: Iterable[UUID]) -> None:
    """Start the next interval of the plans that some work orders end.

    Args:
        context: Where to read and write.
        orders: The work orders that are new or were changed.
    """
    tenant = context.actor.tenant_id
    reset = await context.session.execute(RESET, {"tenant": tenant, "ids": sorted(set(orders))})
    plans = [plan for (plan,) in reset]
    asked = {"tenant": tenant, "plans": plans, "untouched": list(UNTOUCHED)}
    waiting = await context.session.execute(SUPERSEDED, asked)
    rows = [{"id": str(order), "status": CANCELLED} for (order,) in waiting]
    log_refused(context, rows, await context.write.update(WorkOrder, rows))
