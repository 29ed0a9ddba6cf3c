"""Scalars: the kinds of values as GraphQL scalars. They pass values through; `kinds` reads them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NewType

import strawberry
import strawberry.scalars
from strawberry.types.scalar import ScalarDefinition

from tenure_core.entities.scalar_types import (
    BIG_INT,
    BOOLEAN,
    DATE,
    DATE_TIME,
    FLOAT,
    ID,
    INT,
    JSON,
    STRING,
    STRING_LIST,
    ScalarType,
)

BigInt = NewType("BigInt", int)
Date = NewType("Date", str)
DateTime = NewType("DateTime", str)
Json = NewType("Json", object)


def _scalar(name: str, description: str) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, serialize=_same, parse_value=_same)


def _same(value: object) -> object:
    return value


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: _scalar(
        "BigInt", "A whole number. Values that you write have 53 bits at most; a sum may have more."
    ),
    Date: _scalar("Date", "A calendar date in ISO 8601 form, such as 2026-03-31."),
    DateTime: _scalar(
        "DateTime", "A point in time in ISO 8601 form; answers are in UTC, such as 2026-03-31T09:30:00+00:00."
    ),
    Json: _scalar("JSON", "Any JSON value."),
}
SCALARS |= {date: SCALARS[Date], datetime: SCALARS[DateTime], strawberry.scalars.JSON: SCALARS[Json]}
"""The scalars that GraphQL does not bring itself, by what stands for them here and in plugins' own types."""

PYTHON: dict[ScalarType, Any] = {
    ID: strawberry.ID,
    STRING: str,
    INT: int,
    BIG_INT: BigInt,
    FLOAT: float,
    BOOLEAN: bool,
    DATE: Date,
    DATE_TIME: DateTime,
    STRING_LIST: list[str],
    JSON: Json,
}
"""The Python type that stands for each kind in a schema; enums are made from the catalog."""
