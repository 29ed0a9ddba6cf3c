"""Following: what the pack does about changes that were committed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from tenure_manufacturing.maintenance.interval_resets import reset_plans
from tenure_manufacturing.maintenance.preventive_orders import create_due_orders
from tenure_manufacturing.maintenance.running_hours import sync_running_hours
from tenure_manufacturing.timeline.activities import ERROR_EVENTS, WORK_ORDERS, sync_activities
from tenure_sdk import Change, Context

FORESEEN = ("nextDueAt",)
"""What the pack itself changes about plans: nothing follows from it."""


async def handle_changes(context: Context, changes: Sequence[Change]) -> None:
    """Bring what follows from changed records in line with them: a statement or two for each sort of it."""
    changed: dict[str, list[UUID]] = defaultdict(list)
    for change in changes:
        if tuple(change.changed_fields) != FORESEEN:
            changed[change.entity].append(change.id)
    if readings := changed["MeterReading"]:
        await sync_running_hours(context, readings)
    if orders := changed["WorkOrder"]:
        await reset_plans(context, orders)
        await sync_activities(context, WORK_ORDERS, orders)
    if plans := changed["MaintenancePlan"]:
        await create_due_orders(context, datetime.now(UTC), plans)
    if events := changed["ErrorEvent"]:
        await sync_activities(context, ERROR_EVENTS, events)
