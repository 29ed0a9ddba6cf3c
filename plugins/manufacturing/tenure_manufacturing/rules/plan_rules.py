"""Rules of plans: one that nothing makes due, or that watches half a meter, is refused."""

from __future__ import annotations

from tenure_sdk import ChangeOperation, Refusal, RowWrite, Values, WriteSet

WATCHING = ("meter_id", "comparison", "threshold")
INTERVALS = ("every_days", "every_running_hours")


async def validate_plans(writes: WriteSet) -> list[Refusal]:
    """Return a refusal for each plan that nothing would make due, or whose condition is incomplete."""
    stored = await writes.stored()
    return [
        Refusal(row, (), message)
        for row in writes.rows
        if _touches(row) and (message := _wrong({**stored.get(row.id, {}), **row.values}))
    ]


def _touches(row: RowWrite) -> bool:
    return row.operation is ChangeOperation.CREATE or not row.values.keys().isdisjoint(
        (*WATCHING, *INTERVALS)
    )


def _wrong(plan: Values) -> str | None:
    given = [plan.get(name) is not None for name in WATCHING]
    if any(given) and not all(given):
        return "meter, comparison and threshold go together: give all three or none"
    if not any(given) and not any(plan.get(name) for name in INTERVALS):
        return "nothing makes it due: give everyDays, everyRunningHours, or a meter with a threshold"
    return None
