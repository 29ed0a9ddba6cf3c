"""The custom scalars of the schema. They pass values through; `ScalarType.parse` validates them."""

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
    return strawberry.scalar(name=name, description=description, serialize=_identity, parse_value=_identity)


def _identity(value: object) -> object:
    return value


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: _scalar(
        "BigInt",
        "An integer as a JSON number. Inputs are limited to -(2^53 - 1) to 2^53 - 1; sums can be larger.",
    ),
    Date: _scalar("Date", "A calendar date in ISO 8601 format, such as 2026-03-31."),
    DateTime: _scalar(
        "DateTime",
        "A point in time in ISO 8601 format, such as 2026-03-31T09:30:00+00:00. Outputs are in UTC; an input "
        "without an offset is read as UTC.",
    ),
    Json: _scalar("JSON", "Any JSON value."),
}
SCALARS |= {date: SCALARS[Date], datetime: SCALARS[DateTime], strawberry.scalars.JSON: SCALARS[Json]}
"""The custom scalars by Python type, including the Python types that plugins' Strawberry types use."""

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
"""The Python type of each scalar type, for Strawberry; enum types are generated from the catalog."""
