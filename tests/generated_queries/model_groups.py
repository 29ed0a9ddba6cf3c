"""The model's aggregates: groups of rows, numbers over each, and which groups in which order."""

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
    """Rows with something in common.

    Args:
        key: The values that they have in common, in the order of `groupBy`.
        rows: The rows.
    """

    key: tuple[Any, ...]
    rows: list[Row]

    def number(self, function: str, field: str) -> Any:
        """Return a function over the group's values of a field: of money, the minor units."""
        measured = self.measure(function, field)
        return measured["minorUnits"] if isinstance(measured, dict) else measured

    def measure(self, function: str, field: str) -> Any:
        """Return a function over a field's values; null over none, or over money in several currencies."""
        values = [row[field] for row in self.rows if row[field] is not None]
        if not values:
            return None
        if not isinstance(values[0], dict):
            return _computed(function, values)
        if len({money["currency"] for money in values}) > 1:
            return None
        amount = _computed(function, [money["minorUnits"] for money in values], whole=True)
        return {"minorUnits": amount, "currency": values[0]["currency"]}


def _computed(function: str, values: list[Any], *, whole: bool = False) -> Any:
    match function:
        case "sum":
            return sum(values)
        case "minimum":
            return min(values)
        case "maximum":
            return max(values)
    if whole:
        return int((Decimal(sum(values)) / len(values)).quantize(Decimal(1), ROUND_HALF_UP))
    return float(sum(map(Fraction, values)) / len(values))


def grouped(rows: list[Row], keys: list[Callable[[Row], Any]]) -> list[Group]:
    """Return the groups of rows that agree in all keys; without keys all rows, or none, are one group."""
    if not keys:
        return [Group((), rows)]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(key(row) for key in keys), []).append(row)
    return [Group(key, members) for key, members in groups.items()]


def qualifies(group: Group, given: Any) -> bool:
    """Whether a group fulfils all conditions on its numbers."""
    entries = {name: value for name, value in (given or {}).items() if value is not None}
    numbers = [(len(group.rows), entries.pop("count"))] if "count" in entries else []
    for function, fields in entries.items():
        numbers += [(group.number(function, f), wanted) for f, wanted in fields.items() if wanted is not None]
    return all(
        PLAIN[name](number, wanted) for number, conditions in numbers for name, wanted in conditions.items()
    )


def cut(moment: Any, bucket: str | None) -> Any:
    """Return the begin of the length of time that a date, or a time in UTC, lies in."""
    if moment is None or bucket is None:
        return moment
    day = date(moment.year, moment.month, moment.day)
    begin = {
        "WEEK": day - timedelta(days=day.weekday()),
        "MONTH": day.replace(day=1),
        "QUARTER": day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
        "YEAR": day.replace(month=1, day=1),
    }.get(bucket, day)
    if not isinstance(moment, datetime):
        return begin
    hour = moment.hour if bucket == "HOUR" else 0
    return datetime(begin.year, begin.month, begin.day, hour, tzinfo=moment.tzinfo)
