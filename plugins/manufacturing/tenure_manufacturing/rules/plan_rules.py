"""Rules for maintenance plans: a plan has an interval or a condition, and conditions are complete."""

from __future__ import annotations

from tenure_sdk import ChangeOperation, RowError, RowWrite, Values, WriteSet

CONDITION = ("meter_id", "comparison", "threshold")
INTERVALS = ("interval_days", "interval_running_hours")


async def validate_plans(writes: WriteSet) -> list[RowError]:
    """Return an error for each plan that can never become due or whose condition is incomplete."""
    stored = await writes.read_stored()
    return [
        RowError(row, (), message)
        for row in writes.rows
        if _changes_due_time(row) and (message := _plan_error({**stored.get(row.id, {}), **row.values}))
    ]


def _changes_due_time(row: RowWrite) -> bool:
    is_new = row.operation is ChangeOperation.CREATE
    return is_new or not row.values.keys().isdisjoint((*CONDITION, *INTERVALS))


def _plan_error(plan: Values) -> str | None:
    has_value = [plan.get(name) is not None for name in CONDITION]
    if any(has_value) and not all(has_value):
        return "a condition needs meter, comparison and threshold: set all three or none"
    if not any(has_value) and not any(plan.get(name) for name in INTERVALS):
        return (
            "the plan can never become due: set intervalDays, intervalRunningHours, or a condition of "
            "meter, comparison and threshold"
        )
    return None
