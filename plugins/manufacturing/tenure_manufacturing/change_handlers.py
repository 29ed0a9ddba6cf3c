"""Following: what the pack does about changes that were committed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from tenure_manufacturing.maintenance.interval_resets import reset_plans
from tenure_manufacturing.maintenance.preventive_orders import make_due_work
from tenure_manufacturing.maintenance.running_hours import follow_readings
from tenure_manufacturing.timeline.activities import ERROR_EVENTS, WORK_ORDERS, tell
from tenure_sdk import Change, Context

FORESEEN = ("nextDueAt",)
"""What the pack itself changes about plans: nothing follows from it."""


async def follow(context: Context, changes: Sequence[Change]) -> None:
    """Bring what follows from changed records in line with them: a statement or two for each sort of it."""
    changed: dict[str, list[UUID]] = defaultdict(list)
    for change in changes:
        if tuple(change.changed_fields) != FORESEEN:
            changed[change.entity].append(change.id)
    if readings := changed["MeterReading"]:
        await follow_readings(context, readings)
    if orders := changed["WorkOrder"]:
        await reset_plans(context, orders)
        await tell(context, WORK_ORDERS, orders)
    if plans := changed["MaintenancePlan"]:
        await make_due_work(context, datetime.now(UTC), plans)
    if events := changed["ErrorEvent"]:
        await tell(context, ERROR_EVENTS, events)
