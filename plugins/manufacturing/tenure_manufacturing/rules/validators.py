"""Checks: what the pack has to say before rows are written."""

from __future__ import annotations

from tenure_manufacturing.entities.meters import MeterReading
from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.rules.plan_rules import validate_plans
from tenure_manufacturing.rules.reading_rules import validate_readings
from tenure_manufacturing.rules.work_order_transitions import validate_transitions
from tenure_sdk import ChangeOperation, Context, Refusal, WriteSet

LEAVING = frozenset((ChangeOperation.DELETE, ChangeOperation.PURGE))
"""What may be done to any record."""


async def run_validators(context: Context, writes: WriteSet) -> list[Refusal]:
    """Return a refusal for each row that may not be written."""
    kept = WriteSet(writes.entity, [row for row in writes.rows if row.operation not in LEAVING], writes.read)
    if not kept.rows:
        return []
    if kept.entity is WorkOrder:
        return await validate_transitions(context, kept)
    if kept.entity is MeterReading:
        return await validate_readings(context, kept)
    return await validate_plans(kept) if kept.entity is MaintenancePlan else []
