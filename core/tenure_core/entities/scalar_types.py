"""Scalar types: the type of a single value in PostgreSQL, in Python and in the API.

A new scalar type is a constant in this module, and an entry in `BY_PYTHON_TYPE` if it has a Python type of
its own. Its GraphQL definition is added to `SCALARS` and `PYTHON` of `tenure_schema.types.scalars`, and its
name is exported by `tenure_sdk.api`. The conformance checks need sample values of it
(`tenure_sdk.conformance.fixtures.value_factory`). If its JSON values are not texts,
`tenure_schema.bulk_load.csv_header` needs a parser of CSV cells.
"""

from __future__ import annotations

import enum
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from inspect import cleandoc
from typing import Any

import orjson
from sqlalchemy import types as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON client reads exactly (Number.MAX_SAFE_INTEGER in ECMAScript)."""

TEXT = sql.Text(collation="C")
"""Text in code point order, which is independent of the machine and of libc upgrades."""

EQUALITY = ("eq", "ne", "in", "notIn")
COMPARISON = ("lt", "lte", "gt", "gte")
TEXT_MATCH = ("contains", "startsWith", "endsWith")
IS_NULL = ("isNull",)
ORDERED = (*EQUALITY, *COMPARISON, *IS_NULL)
"""Filter operators, grouped by the scalar types that support them."""


@dataclass(frozen=True)
class ScalarType:
    """A type of single values.

    Args:
        name: Name of the GraphQL scalar or enum.
        sql_type: PostgreSQL type of the column.
        parse: Converts the JSON value of a client to the value that psycopg binds. Raises ValueError with a
            message for the client.
        operators: Names of the filter operators, in the order of the schema.
        values: Members of an enum, in order; empty for other types.
        sortable: Whether lists can be sorted and grouped by it.
        numeric: Whether `sum` and `average` can be computed.
        temporal: Whether groups can be buckets of time, and `minimum` and `maximum` can be computed.
        integer_range: The smallest and the largest integer; None for types of other values.
        length_unit: Unit of a maximum length: characters, members of a list, or bytes.
        description: Docstring of the enum class; empty for other types.
    """

    name: str
    sql_type: sql.TypeEngine[Any] = field(compare=False)
    parse: Callable[[object], object] = field(compare=False)
    operators: tuple[str, ...] = (*EQUALITY, *IS_NULL)
    values: tuple[str, ...] = ()
    sortable: bool = True
    numeric: bool = False
    temporal: bool = False
    integer_range: tuple[int, int] | None = None
    length_unit: str = "characters"
    description: str = field(default="", compare=False)


def validate_text(value: object) -> str:
    """Return a text unchanged if PostgreSQL can store it.

    Raises:
        ValueError: The value is not a text, or contains a NUL character or a lone surrogate.
    """
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {_shorten(value)}")
    if "\x00" in value:
        raise ValueError("text must not contain NUL characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("text must not contain lone surrogates") from None
    return value


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _parse_uuid(value: object) -> uuid.UUID:
    if isinstance(value, uuid.UUID):
        return value
    try:
        return uuid.UUID(validate_text(value))
    except ValueError:
        raise ValueError(
            f"{_shorten(value)} is not an id, such as 01890a5d-ac96-774b-bcce-b302099a8057"
        ) from None


def _integer_parser(low: int, high: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise ValueError(f"expected an integer, got {_shorten(value)}")
        if not low <= value <= high:
            raise ValueError(f"{_shorten(value)} is not between {low} and {high}")
        return int(value)

    return parse


def _integer_type(name: str, sql_type: sql.TypeEngine[Any], low: int, high: int) -> ScalarType:
    parse = _integer_parser(low, high)
    return ScalarType(name, sql_type, parse, ORDERED, numeric=True, integer_range=(low, high))


def _parse_float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number, got {_shorten(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number


def _parse_boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {_shorten(value)}")
    return value


def _parse_date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(validate_text(value))
    except ValueError:
        raise ValueError(f"{_shorten(value)} is not a date, such as 2026-03-31") from None


def _parse_date_time(value: object) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(validate_text(value))
    except ValueError:
        raise ValueError(f"{_shorten(value)} is not a date and time, such as 2026-03-31T09:30:00Z") from None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{_shorten(value)} is not between the years 1 and 9999") from None


def _parse_text_list(value: object) -> list[str]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected a list of texts, got {_shorten(value)}")
    return [validate_text(item) for item in value]


def to_jsonb_text(value: object) -> str:
    """Return a JSON value as the text that PostgreSQL casts to jsonb.

    Raises:
        ValueError: The value contains a number that is not finite, a NUL character, a lone surrogate, or an
            integer of more than 64 bits.
    """
    _check_jsonb(value)
    try:
        return orjson.dumps(value).decode()
    except (TypeError, orjson.JSONEncodeError) as error:
        raise ValueError(f"not a JSON value: {error}") from None


def _check_jsonb(value: object) -> None:
    if isinstance(value, str):
        validate_text(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("JSON numbers must be finite")
    elif isinstance(value, dict):
        for key, item in value.items():
            validate_text(key)
            _check_jsonb(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_jsonb(item)


ID = ScalarType("ID", sql.Uuid(), _parse_uuid)
STRING = ScalarType("String", TEXT, validate_text, (*EQUALITY, *COMPARISON, *TEXT_MATCH, *IS_NULL))
INT = _integer_type("Int", sql.Integer(), -(2**31), 2**31 - 1)
BIG_INT = _integer_type("BigInt", sql.BigInteger(), -MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
FLOAT = ScalarType("Float", sql.Double(), _parse_float, ORDERED, numeric=True)
BOOLEAN = ScalarType("Boolean", sql.Boolean(), _parse_boolean, ("eq", "ne", *IS_NULL))
DATE = ScalarType("Date", sql.Date(), _parse_date, ORDERED, temporal=True)
DATE_TIME = ScalarType("DateTime", sql.DateTime(timezone=True), _parse_date_time, ORDERED, temporal=True)
STRING_LIST = ScalarType(
    "StringList",
    ARRAY(TEXT),
    _parse_text_list,
    ("has", "hasEvery", "hasSome", "isEmpty"),
    sortable=False,
    length_unit="members",
)
JSON = ScalarType(
    "JSON", JSONB(), to_jsonb_text, ("contains", "hasKey", "at"), sortable=False, length_unit="bytes"
)

BY_PYTHON_TYPE: dict[object, ScalarType] = {
    uuid.UUID: ID,
    str: STRING,
    int: INT,
    float: FLOAT,
    bool: BOOLEAN,
    date: DATE,
    datetime: DATE_TIME,
    list[str]: STRING_LIST,
    dict[str, Any]: JSON,
}
"""The scalar type of each Python type in a declaration. `type_for` adds the enums."""


def enum_type(name: str, values: tuple[str, ...], description: str = "") -> ScalarType:
    """Return the scalar type of an enum, whose members are stored under their API names."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or value not in values:
            raise ValueError(f"{_shorten(value)} is not one of {', '.join(values)}")
        return str(value)

    return ScalarType(name, TEXT, parse, values=values, description=description)


def type_for(python_type: object) -> ScalarType | None:
    """Return the scalar type for the Python type of a declaration; None for an unsupported type."""
    if isinstance(python_type, type) and issubclass(python_type, enum.StrEnum):
        values = tuple(member.value for member in python_type)
        return enum_type(python_type.__name__, values, cleandoc(python_type.__doc__ or ""))
    return BY_PYTHON_TYPE.get(python_type)
