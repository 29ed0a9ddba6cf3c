"""Due lists: what needs service, and which contracts end, within some days."""

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
"""How far ahead may be looked."""

MAX_RECORDS = 1_000
"""How much is listed at most, the most urgent first."""

EQUIPMENT = text("""
    SELECT
        equipment.id, equipment.serial_number, equipment.running_hours, account.name AS account_name,
        min(plan.next_due_at) AS due_at,
        array_agg(plan.name ORDER BY plan.next_due_at, plan.id) AS work
    FROM maintenance_plan AS plan
    JOIN equipment ON equipment.tenant_id = plan.tenant_id AND equipment.id = plan.equipment_id
    JOIN account ON account.tenant_id = equipment.tenant_id AND account.id = equipment.account_id
    WHERE plan.tenant_id = :tenant AND plan.next_due_at <= :until
        AND plan.active AND plan.deleted_at IS NULL
        AND equipment.status <> 'RETIRED' AND equipment.deleted_at IS NULL
    GROUP BY equipment.tenant_id, equipment.id, account.name
    ORDER BY due_at, equipment.id
    LIMIT :most
""")

CONTRACTS = text("""
    SELECT id
    FROM service_contract
    WHERE tenant_id = :tenant AND status = 'ACTIVE' AND deleted_at IS NULL
        AND renews_on BETWEEN current_date AND CAST(:until AS date)
    ORDER BY renews_on, id
    LIMIT :most
""")


async def equipment_due_for_service(context: Context, within: int) -> Sequence[Row[Any]]:
    """Return the equipment whose plans are due within some days or overdue, the most urgent first.

    Args:
        context: Where to read.
        within: How many days.

    Returns:
        A row for each, with its identity, what is due, and when the first of it is.

    Raises:
        BadUserInputError: There are too many days, or less than none.
        ForbiddenError: The actor's role may not see it.
    """
    context.require_read(Equipment, MaintenancePlan)
    return (await context.session.execute(EQUIPMENT, _asked(context, within))).all()


async def contracts_up_for_renewal(context: Context, within: int) -> list[UUID]:
    """Return the active contracts that end within some days, the most urgent first.

    Args:
        context: Where to read.
        within: How many days.

    Raises:
        BadUserInputError: There are too many days, or less than none.
        ForbiddenError: The actor's role may not see it.
    """
    context.require_read(ServiceContract)
    return list((await context.session.execute(CONTRACTS, _asked(context, within))).scalars())


def _asked(context: Context, within: int) -> dict[str, object]:
    if not 0 <= within <= MAX_DAYS:
        raise BadUserInputError(f"`within` is {within} days.", f"Ask for 0 to {MAX_DAYS}.")
    until = datetime.now(UTC) + timedelta(days=within)
    return {"tenant": context.actor.tenant_id, "until": until, "most": MAX_RECORDS}
