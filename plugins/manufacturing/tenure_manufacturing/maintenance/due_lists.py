"""Lists of equipment due for service and of contracts up for renewal, for GraphQL and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from tenure_manufacturing.entities.contracts import ServiceContract
from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_sdk import BadUserInputError, Context

MAX_DAYS = 3_650
MAX_RECORDS = 1_000

DUE_EQUIPMENT = text("""
    SELECT
        equipment.id, equipment.serial_number, equipment.running_hours, account.name AS account_name,
        min(plan.next_due_at) AS due_at,
        array_agg(plan.name ORDER BY plan.next_due_at, plan.id) AS plan_names
    FROM maintenance_plan AS plan
    JOIN equipment ON equipment.tenant_id = plan.tenant_id AND equipment.id = plan.equipment_id
    JOIN account ON account.tenant_id = equipment.tenant_id AND account.id = equipment.account_id
    WHERE plan.tenant_id = :tenant AND plan.next_due_at <= :until
        AND plan.active AND plan.deleted_at IS NULL
        AND equipment.status <> 'RETIRED' AND equipment.deleted_at IS NULL
    GROUP BY equipment.tenant_id, equipment.id, account.name
    ORDER BY due_at, equipment.id
    LIMIT :limit
""")

EXPIRING_CONTRACTS = text("""
    SELECT id
    FROM service_contract
    WHERE tenant_id = :tenant AND status = 'ACTIVE' AND deleted_at IS NULL
        AND renews_on BETWEEN current_date AND CAST(:until AS date)
    ORDER BY renews_on, id
    LIMIT :limit
""")


async def load_due_equipment(context: Context, within_days: int) -> Sequence[Row[Any]]:
    """Return up to 1,000 pieces of equipment with a plan that is overdue or due soon, most urgent first.

    Args:
        context: The context of the tenant.
        within_days: Number of days to look ahead, from 0 to 3,650.

    Returns:
        Rows with id, serial_number, running_hours, account_name, due_at (of the first plan), plan_names.

    Raises:
        BadUserInputError: The number of days is out of range.
        ForbiddenError: The actor may not read equipment or plans.
    """
    context.require_read(Equipment, MaintenancePlan)
    return (await context.session.execute(DUE_EQUIPMENT, _build_binds(context, within_days))).all()


async def load_expiring_contracts(context: Context, within_days: int) -> list[UUID]:
    """Return the ids of up to 1,000 active contracts that end soon, the earliest first.

    Args:
        context: The context of the tenant.
        within_days: Number of days to look ahead, from 0 to 3,650.

    Raises:
        BadUserInputError: The number of days is out of range.
        ForbiddenError: The actor may not read contracts.
    """
    context.require_read(ServiceContract)
    return list(
        (await context.session.execute(EXPIRING_CONTRACTS, _build_binds(context, within_days))).scalars()
    )


def _build_binds(context: Context, within_days: int) -> dict[str, object]:
    if not 0 <= within_days <= MAX_DAYS:
        raise BadUserInputError(f"`within` is {within_days} days.", f"Use a number from 0 to {MAX_DAYS}.")
    until = datetime.now(UTC) + timedelta(days=within_days)
    return {"tenant": context.actor.tenant_id, "until": until, "limit": MAX_RECORDS}
