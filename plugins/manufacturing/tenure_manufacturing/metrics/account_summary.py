"""Summaries: how the machines of accounts are doing, in one look and one statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.rules.work_order_states import UNFINISHED
from tenure_sdk import JSON, Account, BatchField, Context

FAILURES, AVAILABILITY = "equipment_failure_count", "equipment_availability"

SUMMARIES = text("""
    SELECT
        asked.id,
        machines.total AS equipment_count,
        machines.down AS equipment_down,
        orders.unfinished AS open_work_orders,
        orders.overdue AS overdue_work_orders,
        orders.late AS late_responses,
        (
            SELECT min(plan.next_due_at)
            FROM equipment
            JOIN maintenance_plan AS plan
                ON plan.tenant_id = equipment.tenant_id AND plan.equipment_id = equipment.id
            WHERE equipment.tenant_id = :tenant AND equipment.account_id = asked.id
                AND equipment.deleted_at IS NULL AND plan.deleted_at IS NULL AND plan.active
        ) AS next_due_at
    FROM unnest(CAST(:ids AS uuid[])) AS asked (id)
    CROSS JOIN LATERAL (
        SELECT count(*) AS total, count(*) FILTER (WHERE status = 'DOWN') AS down
        FROM equipment
        WHERE tenant_id = :tenant AND account_id = asked.id AND deleted_at IS NULL
    ) AS machines
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS unfinished,
            count(*) FILTER (WHERE work_order.due_at < now()) AS overdue,
            count(*) FILTER (WHERE work_order.response_breached_at IS NOT NULL) AS late
        FROM equipment
        JOIN work_order
            ON work_order.tenant_id = equipment.tenant_id AND work_order.equipment_id = equipment.id
        WHERE equipment.tenant_id = :tenant AND equipment.account_id = asked.id
            AND equipment.deleted_at IS NULL AND work_order.deleted_at IS NULL
            AND work_order.status = ANY (:unfinished)
    ) AS orders
""")


def load_summaries() -> Iterator[BatchField]:
    """Yield the summary of an account."""
    yield BatchField(
        entity=Account,
        name="maintenance_summary",
        scalar_type=JSON,
        doc="How the account's machines are doing: `equipmentCount`, `equipmentDown`, `openWorkOrders`, "
        "`overdueWorkOrders`, `lateResponses`, `failures`, `availability` (0 to 1) and `nextDueAt`.",
        required_columns=("id", FAILURES, AVAILABILITY),
        compute=_summarize,
    )


async def _summarize(context: Context, accounts: Sequence[Mapping[str, Any]]) -> list[object]:
    context.require_read(Equipment, MaintenancePlan, WorkOrder)
    asked = {
        "tenant": context.actor.tenant_id,
        "ids": [UUID(account["id"]) for account in accounts],
        "unfinished": list(UNFINISHED),
    }
    found = {str(row.id): row for row in await context.session.execute(SUMMARIES, asked)}
    return [_summary(found[account["id"]], account) for account in accounts]


def _summary(row: Row[Any], account: Mapping[str, Any]) -> dict[str, object]:
    return {
        "equipmentCount": row.equipment_count,
        "equipmentDown": row.equipment_down,
        "openWorkOrders": row.open_work_orders,
        "overdueWorkOrders": row.overdue_work_orders,
        "lateResponses": row.late_responses,
        "failures": account[FAILURES],
        "availability": account[AVAILABILITY],
        "nextDueAt": row.next_due_at.isoformat() if row.next_due_at else None,
    }
