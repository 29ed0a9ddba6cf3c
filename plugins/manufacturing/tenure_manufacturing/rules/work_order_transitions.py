"""Validates writes of work orders against the state machine, the lock of closed orders and the clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tenure_manufacturing.roles import SIGN_OFF
from tenure_manufacturing.rules.timestamps import future_error
from tenure_manufacturing.rules.work_order_states import (
    LOCKED,
    SIGNED_OFF,
    UNLOCKED_COLUMNS,
    locked_field_error,
    missing_field,
    transition_error,
)
from tenure_sdk import Context, ForbiddenError, RowError, RowWrite, WriteSet, camel_case

STATUS = ("status",)

EXEMPT_COLUMNS = frozenset(("status", "deleted_at")) | UNLOCKED_COLUMNS
"""Columns that the lock of closed work orders does not cover."""

PAST_TIMESTAMPS = ("responded_at", "completed_at", "signed_off_at")
"""Timestamps of events that have occurred. A plan interval that starts in the future would never be due."""


async def validate_transitions(context: Context, writes: WriteSet) -> list[RowError]:
    """Return the errors of the rows.

    A new work order can have any status, so that historical work orders can be imported.
    """
    stored = await writes.read_stored()
    now = datetime.now(UTC)
    errors: list[RowError] = []
    for row in writes.rows:
        before = stored.get(row.id, {})
        if message := _status_error(context, before.get("status"), row.values.get("status")):
            errors.append(RowError(row, STATUS, message))
        errors += _check_required_field(row, before)
        errors += _check_locked_fields(row, before)
        errors += _check_timestamps(row, now)
    return errors


def _status_error(context: Context, before: str | None, after: str | None) -> str | None:
    if after is None or after == before:
        return None
    if after == SIGNED_OFF and (message := _sign_off_error(context)):
        return message
    return transition_error(before, after) if before else None


def _sign_off_error(context: Context) -> str | None:
    try:
        context.require(SIGN_OFF)
    except ForbiddenError as error:
        return str(error)
    return None


def _check_required_field(row: RowWrite, before: Mapping[str, Any]) -> Iterator[RowError]:
    after = {**before, **row.values}
    if column := missing_field(after["status"], after):
        name = camel_case(column)
        yield RowError(row, (name,), f"a work order with status {after['status']} needs {name}")


def _check_locked_fields(row: RowWrite, before: Mapping[str, Any]) -> Iterator[RowError]:
    """Yield an error for each locked field whose value the row changes."""
    status = before.get("status")
    if status not in LOCKED or row.values.get("status", status) != status:
        return
    for column, value in row.values.items():
        if column not in EXEMPT_COLUMNS and value != before[column]:
            name = camel_case(column.removesuffix("_id"))
            yield RowError(row, (name,), locked_field_error(status, name))


def _check_timestamps(row: RowWrite, now: datetime) -> Iterator[RowError]:
    for column in PAST_TIMESTAMPS:
        at = row.values.get(column)
        if at and (message := future_error(at, now)):
            yield RowError(row, (camel_case(column),), f"{message}: use dueAt for planned work")
