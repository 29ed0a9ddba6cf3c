"""Runs the validator of each entity; called by the hook `validate_write`."""

from __future__ import annotations

from tenure_manufacturing.entities.meters import MeterReading
from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.rules.plan_rules import validate_plans
from tenure_manufacturing.rules.reading_rules import validate_readings
from tenure_manufacturing.rules.work_order_transitions import validate_transitions
from tenure_sdk import ChangeOperation, Context, RowError, WriteSet

REMOVAL_OPERATIONS = frozenset((ChangeOperation.DELETE, ChangeOperation.PURGE))
"""Operations that no rule restricts."""


async def run_validators(context: Context, writes: WriteSet) -> list[RowError]:
    """Return an error for each row that violates a rule of its entity."""
    rows = [row for row in writes.rows if row.operation not in REMOVAL_OPERATIONS]
    checked = WriteSet(writes.entity, rows, writes.read)
    if not rows:
        return []
    if writes.entity is WorkOrder:
        return await validate_transitions(context, checked)
    if writes.entity is MeterReading:
        return await validate_readings(context, checked)
    return await validate_plans(checked) if writes.entity is MaintenancePlan else []
