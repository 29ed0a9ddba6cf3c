"""Activities: work orders and errors, told in the history of the account whose equipment it is.

What is told follows from the records as they are, and not from the changes that woke us: told twice, it is
told once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.sql.elements import TextClause

from tenure_manufacturing.entities.work_orders import WorkOrderKind
from tenure_manufacturing.maintenance.record_keys import activity_key, log_refused, match
from tenure_sdk import Activity, Context

MAINTENANCE = "MAINTENANCE"
EQUIPMENT_ERROR = "EQUIPMENT_ERROR"
KINDS = (MAINTENANCE, EQUIPMENT_ERROR)
"""The kinds of activity that the pack brings."""

Told = dict[str, object]


@dataclass(frozen=True, slots=True)
class ActivityMapping:
    """How records of one entity become activities.

    Args:
        sort: What their keys begin with.
        question: Reads records by their ids, with `account_id` and `serial_number` of their equipment.
        tell: From a record to the fields of its activity.
    """

    sort: str
    question: TextClause
    tell: Callable[[Row[Any]], Told]


async def sync_activities(context: Context, story: ActivityMapping, ids: Iterable[UUID]) -> None:
    """Bring the activities of some records in line with them; those of records that are gone go, too."""
    asked = sorted(set(ids))
    found = await context.session.execute(story.question, {"tenant": context.actor.tenant_id, "ids": asked})
    records = {record.id: record for record in found}
    rows = [_row(story, record) for record in records.values()]
    log_refused(context, rows, await context.write.upsert(Activity, rows))
    await _forget(context, story, [id for id in asked if id not in records])


def _row(story: ActivityMapping, record: Row[Any]) -> Told:
    return {
        "match": match(activity_key(story.sort, record.id)),
        "account": {"id": str(record.account_id)},
        **story.tell(record),
    }


async def _forget(context: Context, story: ActivityMapping, gone: Sequence[UUID]) -> None:
    """Delete the activities of records that are gone. A row that says nothing finds them, and makes none."""
    rows = [{"match": match(activity_key(story.sort, id)), "onConflict": "SKIP"} for id in gone]
    found = await context.write.upsert(Activity, rows)
    await context.write.delete(Activity, [result.id for result in found if result.id])


def _maintenance(order: Row[Any]) -> Told:
    happened = order.completed_at or order.due_at or order.reported_at
    return {
        "kind": MAINTENANCE,
        "direction": "INBOUND" if order.kind == WorkOrderKind.CORRECTIVE else "OUTBOUND",
        "subject": _line(f"{order.title}: {order.serial_number}"),
        "body": order.resolution or order.description,
        "occurredAt": happened.isoformat(),
        "dueAt": order.due_at and order.due_at.isoformat(),
        "completedAt": order.completed_at and order.completed_at.isoformat(),
        "durationSeconds": order.labour_minutes and order.labour_minutes * 60,
        "outcome": order.status,
        "attributes": {"workOrderId": str(order.id), "equipmentId": str(order.equipment_id)},
    }


def _equipment_error(event: Row[Any]) -> Told:
    return {
        "kind": EQUIPMENT_ERROR,
        "direction": "INBOUND",
        "subject": _line(f"{event.severity} {event.code}: {event.serial_number}"),
        "body": event.message,
        "occurredAt": event.occurred_at.isoformat(),
        "completedAt": event.cleared_at and event.cleared_at.isoformat(),
        "attributes": {"errorEventId": str(event.id), "equipmentId": str(event.equipment_id)},
    }


def _line(subject: str) -> str:
    return subject[:300]


def _question(table: str) -> TextClause:
    return text(f"""
        SELECT record.*, equipment.account_id, equipment.serial_number
        FROM {table} AS record
        JOIN equipment ON equipment.tenant_id = record.tenant_id AND equipment.id = record.equipment_id
        JOIN account ON account.tenant_id = equipment.tenant_id AND account.id = equipment.account_id
        WHERE record.tenant_id = :tenant AND record.id = ANY (CAST(:ids AS uuid[]))
            AND record.deleted_at IS NULL AND account.deleted_at IS NULL
    """)


WORK_ORDERS = ActivityMapping("work-order", _question("work_order"), _maintenance)
ERROR_EVENTS = ActivityMapping("error-event", _question("error_event"), _equipment_error)
