"""Writes work orders and error events as activities to the timeline of the account.

Activities are derived from the current records, not from the changes, so repeated deliveries have no effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.sql.elements import TextClause

from tenure_manufacturing.entities.work_orders import WorkOrderKind
from tenure_manufacturing.maintenance.record_keys import activity_key, log_rejected_rows, match_key
from tenure_sdk import Activity, Context

MAINTENANCE = "MAINTENANCE"
EQUIPMENT_ERROR = "EQUIPMENT_ERROR"
ACTIVITY_KINDS = (MAINTENANCE, EQUIPMENT_ERROR)

MAX_SUBJECT_LENGTH = 300

ActivityFields = dict[str, object]
"""Fields of an activity, as the API receives them."""


@dataclass(frozen=True, slots=True)
class ActivityMapping:
    """How the records of an entity become activities.

    Args:
        key_prefix: Prefix of the activities' keys.
        query: Reads records by id, with `account_id` and `serial_number` of their equipment.
        to_fields: Returns the fields of a record's activity.
    """

    key_prefix: str
    query: TextClause
    to_fields: Callable[[Row[Any]], ActivityFields]


async def sync_activities(context: Context, mapping: ActivityMapping, ids: Iterable[UUID]) -> None:
    """Create or update the activities of records; delete the activities of deleted records.

    Args:
        context: The context of the tenant.
        mapping: The mapping of the records' entity.
        ids: The ids of the new, changed and deleted records.
    """
    unique_ids = sorted(set(ids))
    binds = {"tenant": context.actor.tenant_id, "ids": unique_ids}
    records = {record.id: record for record in await context.session.execute(mapping.query, binds)}
    rows = [_build_row(mapping, record) for record in records.values()]
    log_rejected_rows(context, rows, await context.write.upsert(Activity, rows))
    await _delete_activities(context, mapping, [id for id in unique_ids if id not in records])


def _build_row(mapping: ActivityMapping, record: Row[Any]) -> ActivityFields:
    return {
        "match": match_key(activity_key(mapping.key_prefix, record.id)),
        "account": {"id": str(record.account_id)},
        **mapping.to_fields(record),
    }


async def _delete_activities(context: Context, mapping: ActivityMapping, record_ids: Sequence[UUID]) -> None:
    # An upsert of rows without fields returns the ids of existing activities, and creates none.
    rows = [
        {"match": match_key(activity_key(mapping.key_prefix, id)), "onConflict": "SKIP"} for id in record_ids
    ]
    results = await context.write.upsert(Activity, rows)
    await context.write.delete(Activity, [result.id for result in results if result.id])


def _map_work_order(order: Row[Any]) -> ActivityFields:
    occurred_at = order.completed_at or order.due_at or order.reported_at
    return {
        "kind": MAINTENANCE,
        "direction": "INBOUND" if order.kind == WorkOrderKind.CORRECTIVE else "OUTBOUND",
        "subject": _truncate(f"{order.title}: {order.serial_number}"),
        "body": order.resolution or order.description,
        "occurredAt": occurred_at.isoformat(),
        "dueAt": order.due_at and order.due_at.isoformat(),
        "completedAt": order.completed_at and order.completed_at.isoformat(),
        "durationSeconds": order.labour_minutes and order.labour_minutes * 60,
        "outcome": order.status,
        "attributes": {"workOrderId": str(order.id), "equipmentId": str(order.equipment_id)},
    }


def _map_error_event(event: Row[Any]) -> ActivityFields:
    return {
        "kind": EQUIPMENT_ERROR,
        "direction": "INBOUND",
        "subject": _truncate(f"{event.severity} {event.code}: {event.serial_number}"),
        "body": event.message,
        "occurredAt": event.occurred_at.isoformat(),
        "completedAt": event.cleared_at and event.cleared_at.isoformat(),
        "attributes": {"errorEventId": str(event.id), "equipmentId": str(event.equipment_id)},
    }


def _truncate(subject: str) -> str:
    return subject[:MAX_SUBJECT_LENGTH]


def _build_query(table: str) -> TextClause:
    return text(f"""
        SELECT record.*, equipment.account_id, equipment.serial_number
        FROM {table} AS record
        JOIN equipment ON equipment.tenant_id = record.tenant_id AND equipment.id = record.equipment_id
        JOIN account ON account.tenant_id = equipment.tenant_id AND account.id = equipment.account_id
        WHERE record.tenant_id = :tenant AND record.id = ANY (CAST(:ids AS uuid[]))
            AND record.deleted_at IS NULL AND account.deleted_at IS NULL
    """)


WORK_ORDERS = ActivityMapping("work-order", _build_query("work_order"), _map_work_order)
ERROR_EVENTS = ActivityMapping("error-event", _build_query("error_event"), _map_error_event)
