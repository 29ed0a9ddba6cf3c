"""Values: one for each field of an entity, sound by its kind and its rules, and known again by its mark."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from tenure_core.catalog import CompositeField, ScalarField
from tenure_core.kinds import BOOLEAN, DATE, DATE_TIME, ID, JSON, STRING, STRING_LIST
from tenure_core.naming import snake_case

LONGEST_TEXT = 60

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def scalar_value(field: ScalarField, mark: str, number: int) -> object:
    """Return a value as a client would send it.

    Args:
        field: What it is for.
        mark: What texts begin with, so that they are known wherever they turn up.
        number: Which record it is for: unique values differ by it.
    """
    kind = field.kind
    if kind.values:
        return field.default or kind.values[0]
    if kind == STRING:
        return _text(field, mark, number)
    if kind in (BOOLEAN, JSON, STRING_LIST):
        return {BOOLEAN: True, JSON: {"mark": mark}, STRING_LIST: [mark]}[kind]
    if kind == DATE:
        return (BEGIN + timedelta(days=number)).date().isoformat()
    if kind == DATE_TIME:
        return (BEGIN + timedelta(hours=number)).isoformat()
    return f"{number:08x}-0000-7000-8000-000000000000" if kind == ID else _number(field, number)


def composite_value(field: CompositeField, mark: str, number: int) -> dict[str, object]:
    """Return a value with parts as a client would send it."""
    return {name: scalar_value(part, mark, number) for name, part in field.parts.items()}


def _text(field: ScalarField, mark: str, number: int) -> str:
    formats = {
        "email": f"{mark}.{number}@example.com",
        "phone": f"+4930{100_000 + number}",
        "url": f"https://example.com/{mark}/{number}",
        "currency": "EUR",
        "country": "DE",
        "language": "en",
    }
    if field.rules.format:
        return formats[field.rules.format]
    longest = field.rules.max_length or LONGEST_TEXT
    text = f"{mark}-{number} {snake_case(field.name).replace('_', ' ')}"
    return text[:longest] if longest > len(mark) + 6 else str(number)[-longest:]


def _number(field: ScalarField, number: int) -> int | float:
    low = math.ceil(field.rules.minimum) if field.rules.minimum is not None else 1
    high = math.floor(field.rules.maximum) if field.rules.maximum is not None else low + 1000
    return low + number % (high - low + 1)
