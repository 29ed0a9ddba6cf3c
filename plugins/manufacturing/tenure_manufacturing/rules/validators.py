"""Checks: what the pack has to say before rows are written."""

from __future__ import annotations

from tenure_manufacturing.entities.meters import MeterReading
from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.rules.plan_rules import refused_plans
from tenure_manufacturing.rules.reading_rules import refused_readings
from tenure_manufacturing.rules.work_order_transitions import refused_steps
from tenure_sdk import Context, Operation, Refusal, WriteSet

LEAVING = frozenset((Operation.DELETE, Operation.PURGE))
"""What may be done to any record."""


async def refusals(context: Context, writes: WriteSet) -> list[Refusal]:
    """Return a refusal for each row that may not be written."""
    kept = WriteSet(writes.entity, [row for row in writes.rows if row.operation not in LEAVING], writes.read)
    if not kept.rows:
        return []
    if kept.entity is WorkOrder:
        return await refused_steps(context, kept)
    if kept.entity is MeterReading:
        return await refused_readings(context, kept)
    return await refused_plans(kept) if kept.entity is MaintenancePlan else []
