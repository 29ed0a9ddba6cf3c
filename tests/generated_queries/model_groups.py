"""Aggregates of the model: groups of rows and their measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from tests.generated_queries.model_filters import PLAIN
from tests.generated_queries.sample import Row


@dataclass(frozen=True)
class Group:
    """The rows with one group key.

    Args:
        key: The values of the group key, in the order of `groupBy`.
        rows: The rows.
    """

    key: tuple[Any, ...]
    rows: list[Row]

    def number(self, function: str, field: str) -> Any:
        """Return a measure as a number: of money, the minor units."""
        measure = self.measure(function, field)
        return measure["minorUnits"] if isinstance(measure, dict) else measure

    def measure(self, function: str, field: str) -> Any:
        """Return a measure; None without values, and for money in several currencies."""
        values = [row[field] for row in self.rows if row[field] is not None]
        if not values:
            return None
        if not isinstance(values[0], dict):
            return _compute(function, values)
        if len({money["currency"] for money in values}) > 1:
            return None
        amount = _compute(function, [money["minorUnits"] for money in values], rounds=True)
        return {"minorUnits": amount, "currency": values[0]["currency"]}


def _compute(function: str, values: list[Any], *, rounds: bool = False) -> Any:
    match function:
        case "sum":
            return sum(values)
        case "minimum":
            return min(values)
        case "maximum":
            return max(values)
    if rounds:
        return int((Decimal(sum(values)) / len(values)).quantize(Decimal(1), ROUND_HALF_UP))
    return float(sum(map(Fraction, values)) / len(values))


def group_rows(rows: list[Row], keys: list[Callable[[Row], Any]]) -> list[Group]:
    """Return the rows by group key; without keys, all rows are one group, even if there are none."""
    if not keys:
        return [Group((), rows)]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(key(row) for key in keys), []).append(row)
    return [Group(key, members) for key, members in groups.items()]


def matches_having(group: Group, having: Any) -> bool:
    """Return whether a group matches all conditions on its measures."""
    entries = {name: value for name, value in (having or {}).items() if value is not None}
    numbers = [(len(group.rows), entries.pop("count"))] if "count" in entries else []
    for function, fields in entries.items():
        numbers += [(group.number(function, f), where) for f, where in fields.items() if where is not None]
    return all(PLAIN[name](number, operand) for number, where in numbers for name, operand in where.items())


def truncate(moment: Any, bucket: str | None) -> Any:
    """Return the start of the time bucket of a date or of a time in UTC."""
    if moment is None or bucket is None:
        return moment
    day = date(moment.year, moment.month, moment.day)
    start = {
        "WEEK": day - timedelta(days=day.weekday()),
        "MONTH": day.replace(day=1),
        "QUARTER": day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
        "YEAR": day.replace(month=1, day=1),
    }.get(bucket, day)
    if not isinstance(moment, datetime):
        return start
    hour = moment.hour if bucket == "HOUR" else 0
    return datetime(start.year, start.month, start.day, hour, tzinfo=moment.tzinfo)
