"""Rules for meter readings: one reading per meter and time, and no reading in the future."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from tenure_manufacturing.rules.timestamps import future_error
from tenure_sdk import ChangeOperation, Context, RowError, RowWrite, Values, WriteSet

TAKEN_AT = ("takenAt",)

STORED_READINGS = text("""
    SELECT meter_id, taken_at, id FROM meter_reading
    WHERE tenant_id = :tenant AND deleted_at IS NULL
        AND meter_id = ANY (CAST(:distinct_meters AS uuid[])) AND taken_at BETWEEN :first AND :last
        AND ((meter_id, taken_at) IN (
            SELECT * FROM unnest(CAST(:meters AS uuid[]), CAST(:times AS timestamptz[]))
        )) IS TRUE
""")
"""`IS TRUE` prevents a join with the list. While devices send many readings, the statistics of the table are
outdated, and a nested loop could scan all readings of the tenant for each of a thousand rows."""


class ReadingSlot(NamedTuple):
    """The meter and time of a reading, which are unique."""

    meter_id: UUID
    taken_at: datetime


async def validate_readings(context: Context, writes: WriteSet) -> list[RowError]:
    """Return an error for each reading that is in the future or whose slot has another reading.

    A reading that is sent again with the same external reference is the same record, so it is accepted.
    """
    slots = await _collect_slots(writes)
    now = datetime.now(UTC)
    readings = await _load_readings(context, [slot for _, slot in slots])
    errors = []
    for row, slot in slots:
        if message := future_error(slot.taken_at, now):
            errors.append(RowError(row, TAKEN_AT, f"{message}: check the clock of the device"))
        elif readings.setdefault(slot, row.id) != row.id:
            errors.append(RowError(row, TAKEN_AT, _duplicate_error(slot.taken_at)))
    return errors


def _duplicate_error(at: datetime) -> str:
    return (
        f"the meter already has another reading at {at.isoformat()}: "
        "to correct it, send its external reference or id"
    )


async def _collect_slots(writes: WriteSet) -> list[tuple[RowWrite, ReadingSlot]]:
    """Return the rows that set or restore a slot. Stored values are read only if a row sets a part of it."""
    rows = [row for row in writes.rows if row.operation is ChangeOperation.RESTORE or _slot_columns(row)]
    is_complete = all(_slot_columns(row) == set(ReadingSlot._fields) for row in rows)
    stored = {} if is_complete else await writes.read_stored()
    return [(row, _create_slot({**stored.get(row.id, {}), **row.values})) for row in rows]


def _slot_columns(row: RowWrite) -> set[str]:
    return row.values.keys() & set(ReadingSlot._fields)


def _create_slot(values: Values) -> ReadingSlot:
    return ReadingSlot(values["meter_id"], values["taken_at"])


async def _load_readings(context: Context, slots: Sequence[ReadingSlot]) -> dict[ReadingSlot, UUID]:
    """Return the ids of the stored readings in some slots."""
    if not slots:
        return {}
    times = [slot.taken_at for slot in slots]
    binds = {
        "tenant": context.actor.tenant_id,
        "meters": [slot.meter_id for slot in slots],
        "times": times,
        "distinct_meters": list({slot.meter_id for slot in slots}),
        "first": min(times),
        "last": max(times),
    }
    rows = await context.session.execute(STORED_READINGS, binds)
    return {ReadingSlot(meter_id, taken_at): id for meter_id, taken_at, id in rows}
