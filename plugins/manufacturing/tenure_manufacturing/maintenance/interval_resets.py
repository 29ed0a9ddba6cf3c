"""Starts the next interval of maintenance plans when work orders are completed or cancelled.

- A completed work order starts the next interval of its plan.
- A completed corrective work order also starts the next interval of the plans of the same component.
- A cancelled work order starts the next interval at its due time: the maintenance is skipped once.
- Work orders of an interval that ended early are cancelled if they have not been started.

An interval start only moves forward, so work orders can be processed repeatedly and in any order.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.maintenance.record_keys import log_rejected_rows
from tenure_manufacturing.rules.work_order_states import CANCELLED, NOT_STARTED
from tenure_sdk import Context

START_INTERVALS = text("""
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
                THEN plan.id = work.plan_id AND plan.interval_started_at = work.interval_started_at
            WHEN work.status IN ('COMPLETED', 'SIGNED_OFF')
                THEN plan.id = work.plan_id OR (work.kind = 'CORRECTIVE' AND plan.component = work.component)
        END
        GROUP BY plan.id
    )
    UPDATE maintenance_plan AS plan
    SET interval_started_at = ended.at, interval_start_running_hours = ended.hours
    FROM ended
    WHERE plan.tenant_id = :tenant AND plan.id = ended.id AND plan.interval_started_at < ended.at
    RETURNING plan.id
""")
"""`MATERIALIZED`: without statistics, as after a bulk load, PostgreSQL would evaluate the CTEs once per plan,
which takes minutes for 500 work orders."""

SUPERSEDED_ORDERS = text("""
    SELECT work_order.id
    FROM work_order
    JOIN maintenance_plan AS plan ON plan.tenant_id = work_order.tenant_id AND plan.id = work_order.plan_id
    WHERE plan.tenant_id = :tenant AND plan.id = ANY (CAST(:plans AS uuid[]))
        AND work_order.interval_started_at < plan.interval_started_at
        AND work_order.status = ANY (:not_started) AND work_order.deleted_at IS NULL
""")


async def reset_plans(context: Context, order_ids: Iterable[UUID]) -> None:
    """Start the next intervals of the plans whose interval ends with some work orders.

    Args:
        context: The context of the tenant.
        order_ids: The new and changed work orders.
    """
    tenant = context.actor.tenant_id
    plans = await context.session.execute(START_INTERVALS, {"tenant": tenant, "ids": sorted(set(order_ids))})
    binds = {"tenant": tenant, "plans": list(plans.scalars()), "not_started": list(NOT_STARTED)}
    orders = await context.session.execute(SUPERSEDED_ORDERS, binds)
    rows = [{"id": str(order_id), "status": CANCELLED} for order_id in orders.scalars()]
    log_rejected_rows(context, rows, await context.write.update(WorkOrder, rows))
