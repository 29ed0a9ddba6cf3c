"""Steps: refuses what a work order may not become, and what may not change where it stands, and says why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tenure_manufacturing.roles import SIGN_OFF
from tenure_manufacturing.rules.timestamps import future_error
from tenure_manufacturing.rules.work_order_states import (
    BILLED_LATER,
    CLOSED,
    SIGNED_OFF,
    locked_field_error,
    missing,
    refused_step,
)
from tenure_sdk import Context, ForbiddenError, Refusal, RowWrite, WriteSet, camel_case

STATUS = ("status",)

APART = frozenset(("status", "deleted_at")) | BILLED_LATER
"""Columns that are judged by themselves, or not at all."""

HAPPENED = ("responded_at", "completed_at", "signed_off_at")
"""Moments that plans count from, or that tell whether we were late."""


async def validate_transitions(context: Context, writes: WriteSet) -> list[Refusal]:
    """Return a refusal for each step that a work order may not take, and each field that it has to keep.

    A new work order may stand anywhere, so that what was done elsewhere can be brought in.
    """
    stored = await writes.stored()
    now = datetime.now(UTC)
    refusals: list[Refusal] = []
    for row in writes.rows:
        before = stored.get(row.id, {})
        if message := _step_refused(context, before.get("status"), row.values.get("status")):
            refusals.append(Refusal(row, STATUS, message))
        refusals += _lacking(row, before)
        refusals += _frozen(row, before)
        refusals += _not_yet(row, now)
    return refusals


def _step_refused(context: Context, before: str | None, after: str | None) -> str | None:
    """Return why a status may not be written; None where it may, or is not written at all."""
    if after is None or after == before:
        return None
    if after == SIGNED_OFF and (message := _may_not_sign_off(context)):
        return message
    return refused_step(before, after) if before else None


def _may_not_sign_off(context: Context) -> str | None:
    try:
        context.require(SIGN_OFF)
    except ForbiddenError as error:
        return str(error)
    return None


def _lacking(row: RowWrite, before: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield a refusal where a row leaves its work order without the field that tells of its status."""
    after = {**before, **row.values}
    needed = missing(after["status"], after)
    if needed:
        name = camel_case(needed)
        yield Refusal(row, (name,), f"a work order that is {after['status']} needs {name}")


def _frozen(row: RowWrite, before: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield a refusal for each field of a closed work order that a row changes; the same again is none."""
    status = before.get("status")
    if status not in CLOSED or row.values.get("status", status) != status:
        return
    for column, value in row.values.items():
        if column not in APART and value != before[column]:
            name = camel_case(column.removesuffix("_id"))
            yield Refusal(row, (name,), locked_field_error(status, name))


def _not_yet(row: RowWrite, now: datetime) -> Iterator[Refusal]:
    """Yield a refusal for each moment that has not come: a plan that counts from it would never be due."""
    for column in HAPPENED:
        at = row.values.get(column)
        if at and (reason := future_error(at, now)):
            yield Refusal(row, (camel_case(column),), f"{reason}: what is to come is its dueAt")
