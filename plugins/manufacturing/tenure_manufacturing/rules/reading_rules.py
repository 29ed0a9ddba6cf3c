"""Readings: a meter reads one value at a time, and whoever sends another is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from tenure_manufacturing.rules.timestamps import future_error
from tenure_sdk import ChangeOperation, Context, Refusal, RowWrite, Values, WriteSet

TAKEN_AT = ("takenAt",)

TAKEN = text("""
    SELECT meter_id, taken_at, id FROM meter_reading
    WHERE tenant_id = :tenant AND deleted_at IS NULL
        AND meter_id = ANY (CAST(:known_meters AS uuid[])) AND taken_at BETWEEN :first AND :last
        AND ((meter_id, taken_at) IN (
            SELECT * FROM unnest(CAST(:meters AS uuid[]), CAST(:times AS timestamptz[]))
        )) IS TRUE
""")
"""One scan, in which each reading is looked for among those that are asked for: what is IS TRUE is no join.
While devices send a lot PostgreSQL does not know how many readings there are, and what joins them one by
one may look at all of a tenant's for each of a thousand."""


class ReadingSlot(NamedTuple):
    """What there is one reading of."""

    meter_id: UUID
    taken_at: datetime


async def validate_readings(context: Context, writes: WriteSet) -> list[Refusal]:
    """Return a refusal for each reading of a time that has not come, or that there is another reading of.

    The same reading, sent again under its external reference, is no other.
    """
    places = await _places(writes)
    now = datetime.now(UTC)
    taken = await _taken(context, [place for _, place in places])
    refusals = []
    for row, place in places:
        if reason := future_error(place.taken_at, now):
            refusals.append(Refusal(row, TAKEN_AT, f"{reason}: look at the clock of the device"))
        elif taken.setdefault(place, row.id) != row.id:
            refusals.append(Refusal(row, TAKEN_AT, _again(place.taken_at)))
    return refusals


def _again(at: datetime) -> str:
    return (
        f"another reading of this meter was taken at {at.isoformat()}; "
        "to correct that one, send it under its own key or id"
    )


async def _places(writes: WriteSet) -> list[tuple[RowWrite, ReadingSlot]]:
    """Return the rows that claim a place, each with it; a row that says only a part has the rest already."""
    claiming = [row for row in writes.rows if row.operation is ChangeOperation.RESTORE or _said(row)]
    whole = all(_said(row) == set(ReadingSlot._fields) for row in claiming)
    stored = {} if whole else await writes.stored()
    return [(row, _place({**stored.get(row.id, {}), **row.values})) for row in claiming]


def _said(row: RowWrite) -> set[str]:
    return row.values.keys() & set(ReadingSlot._fields)


def _place(values: Values) -> ReadingSlot:
    return ReadingSlot(values["meter_id"], values["taken_at"])


async def _taken(context: Context, places: Sequence[ReadingSlot]) -> dict[ReadingSlot, UUID]:
    """Return the readings that are there, by their places."""
    if not places:
        return {}
    times = [place.taken_at for place in places]
    asked = {
        "tenant": context.actor.tenant_id,
        "meters": [place.meter_id for place in places],
        "times": times,
        "known_meters": list({place.meter_id for place in places}),
        "first": min(times),
        "last": max(times),
    }
    found = await context.session.execute(TAKEN, asked)
    return {ReadingSlot(meter_id, taken_at): id for meter_id, taken_at, id in found}
