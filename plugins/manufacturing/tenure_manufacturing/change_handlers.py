"""Handles committed changes; called by the hook `on_change`."""

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

PROJECTED_FIELDS = ("nextDueAt",)
"""The fields of plans that the pack updates. Changes of only these fields are ignored."""


async def handle_changes(context: Context, changes: Sequence[Change]) -> None:
    """Update everything that depends on changed records, with a constant number of statements per entity."""
    ids = _group_ids(changes)
    if readings := ids["MeterReading"]:
        await sync_running_hours(context, readings)
    if orders := ids["WorkOrder"]:
        await reset_plans(context, orders)
        await sync_activities(context, WORK_ORDERS, orders)
    if plans := ids["MaintenancePlan"]:
        await create_due_orders(context, datetime.now(UTC), plans)
    if events := ids["ErrorEvent"]:
        await sync_activities(context, ERROR_EVENTS, events)


def _group_ids(changes: Sequence[Change]) -> dict[str, list[UUID]]:
    """Return the ids of changed records by entity; a missing entity has an empty list."""
    ids: dict[str, list[UUID]] = defaultdict(list)
    for change in changes:
        if tuple(change.changed_fields) != PROJECTED_FIELDS:
            ids[change.entity].append(change.id)
    return ids
