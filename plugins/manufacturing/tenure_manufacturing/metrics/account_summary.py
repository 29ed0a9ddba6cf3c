"""The computed field `Account.maintenanceSummary`. One statement loads the summaries of all accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.rules.work_order_states import UNFINISHED
from tenure_sdk import JSON, Account, BatchField, Context

FAILURE_COUNT, AVAILABILITY = "equipment_failure_count", "equipment_availability"

SUMMARIES = text("""
    SELECT
        selected.id,
        fleet.total AS equipment_count,
        fleet.down AS equipment_down,
        orders.unfinished AS open_work_orders,
        orders.overdue AS overdue_work_orders,
        orders.breached AS response_breaches,
        (
            SELECT min(plan.next_due_at)
            FROM equipment
            JOIN maintenance_plan AS plan
                ON plan.tenant_id = equipment.tenant_id AND plan.equipment_id = equipment.id
            WHERE equipment.tenant_id = :tenant AND equipment.account_id = selected.id
                AND equipment.deleted_at IS NULL AND plan.deleted_at IS NULL AND plan.active
        ) AS next_due_at
    FROM unnest(CAST(:ids AS uuid[])) AS selected (id)
    CROSS JOIN LATERAL (
        SELECT count(*) AS total, count(*) FILTER (WHERE status = 'DOWN') AS down
        FROM equipment
        WHERE tenant_id = :tenant AND account_id = selected.id AND deleted_at IS NULL
    ) AS fleet
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS unfinished,
            count(*) FILTER (WHERE work_order.due_at < now()) AS overdue,
            count(*) FILTER (WHERE work_order.response_breached_at IS NOT NULL) AS breached
        FROM equipment
        JOIN work_order
            ON work_order.tenant_id = equipment.tenant_id AND work_order.equipment_id = equipment.id
        WHERE equipment.tenant_id = :tenant AND equipment.account_id = selected.id
            AND equipment.deleted_at IS NULL AND work_order.deleted_at IS NULL
            AND work_order.status = ANY (:unfinished)
    ) AS orders
""")


async def _load_summaries(context: Context, accounts: Sequence[Mapping[str, Any]]) -> list[object]:
    context.require_read(Equipment, MaintenancePlan, WorkOrder)
    binds = {
        "tenant": context.actor.tenant_id,
        "ids": [UUID(account["id"]) for account in accounts],
        "unfinished": list(UNFINISHED),
    }
    rows = {str(row.id): row for row in await context.session.execute(SUMMARIES, binds)}
    return [_build_summary(rows[account["id"]], account) for account in accounts]


def _build_summary(row: Row[Any], account: Mapping[str, Any]) -> dict[str, object]:
    return {
        "equipmentCount": row.equipment_count,
        "equipmentDown": row.equipment_down,
        "openWorkOrders": row.open_work_orders,
        "overdueWorkOrders": row.overdue_work_orders,
        "responseBreaches": row.response_breaches,
        "failures": account[FAILURE_COUNT],
        "availability": account[AVAILABILITY],
        "nextDueAt": row.next_due_at.isoformat() if row.next_due_at else None,
    }


ACCOUNT_SUMMARY = BatchField(
    entity=Account,
    name="maintenance_summary",
    scalar_type=JSON,
    doc="Maintenance summary of the account's equipment, a JSON object: the counts `equipmentCount`, "
    "`equipmentDown`, `openWorkOrders`, `overdueWorkOrders`, `responseBreaches` (of open work orders) and "
    "`failures`; `availability`, from 0 to 1 or null without operating hours; and `nextDueAt`, the earliest "
    "due time of a plan, or null.",
    required_columns=("id", FAILURE_COUNT, AVAILABILITY),
    compute=_load_summaries,
)
