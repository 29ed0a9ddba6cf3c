"""Kinds: how one scalar value is stored in PostgreSQL, read from a client, and named in the API."""

from __future__ import annotations

import enum
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy import types as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON client reads exactly (ECMAScript's Number.MAX_SAFE_INTEGER)."""

TEXT = sql.Text(collation="C")
"""Text in code point order: the same order on every machine, and no index that a libc upgrade breaks."""


@dataclass(frozen=True)
class ScalarType:
    """One sort of scalar value.

    Args:
        name: Its name in the API: a GraphQL scalar or enum.
        sql_type: The PostgreSQL type of its column.
        parse: From a client's JSON value to what psycopg binds; raises ValueError with a sentence for people.
        values: The members of an enum, in order; empty for every other kind.
        comparable: Whether `lt` and its like mean something.
        numeric: Whether it can be summed and averaged.
        whole: The least and the greatest of the whole numbers that it holds; None for what holds others.
    """

    name: str
    sql_type: sql.TypeEngine[Any] = field(compare=False)
    parse: Callable[[object], object] = field(compare=False)
    values: tuple[str, ...] = ()
    comparable: bool = False
    numeric: bool = False
    whole: tuple[int, int] | None = None

    @property
    def temporal(self) -> bool:
        """Whether it is a point in time that can be cut into buckets."""
        return self in (DATE, DATE_TIME)


def validate_text(value: object) -> str:
    """Return text that PostgreSQL can store.

    Raises:
        ValueError: It is no text, or holds a NUL or a lone surrogate.
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


def _identifier(value: object) -> uuid.UUID:
    if isinstance(value, uuid.UUID):
        return value
    try:
        return uuid.UUID(validate_text(value))
    except ValueError:
        raise ValueError(
            f"{_shorten(value)} is not an id; ids look like 01890a5d-ac96-774b-bcce-b302099a8057"
        ) from None


def _integer_range(low: int, high: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise ValueError(f"expected a whole number, got {_shorten(value)}")
        if not low <= value <= high:
            raise ValueError(f"{_shorten(value)} is outside {low}..{high}")
        return int(value)

    return parse


def _parse_integer(name: str, sql_type: sql.TypeEngine[Any], low: int, high: int) -> ScalarType:
    parse = _integer_range(low, high)
    return ScalarType(name, sql_type, parse, comparable=True, numeric=True, whole=(low, high))


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number, got {_shorten(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {_shorten(value)}")
    return value


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(validate_text(value))
    except ValueError:
        raise ValueError(f"{_shorten(value)} is not a date; dates look like 2026-03-31") from None


def _date_time(value: object) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(validate_text(value))
    except ValueError:
        raise ValueError(f"{_shorten(value)} is not a time; times look like 2026-03-31T09:30:00Z") from None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{_shorten(value)} is outside the years 1 to 9999") from None


def _texts(value: object) -> list[str]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected a list of texts, got {_shorten(value)}")
    return [validate_text(item) for item in value]


def to_jsonb_text(value: object) -> str:
    """Return a JSON value as the text that PostgreSQL casts to jsonb.

    Raises:
        ValueError: It holds NaN, a NUL, a lone surrogate, or an integer past 64 bits.
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


ID = ScalarType("ID", sql.Uuid(), _identifier)
STRING = ScalarType("String", TEXT, validate_text, comparable=True)
INT = _parse_integer("Int", sql.Integer(), -(2**31), 2**31 - 1)
BIG_INT = _parse_integer("BigInt", sql.BigInteger(), -MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
FLOAT = ScalarType("Float", sql.Double(), _float, comparable=True, numeric=True)
BOOLEAN = ScalarType("Boolean", sql.Boolean(), _boolean)
DATE = ScalarType("Date", sql.Date(), _date, comparable=True)
DATE_TIME = ScalarType("DateTime", sql.DateTime(timezone=True), _date_time, comparable=True)
STRING_LIST = ScalarType("StringList", ARRAY(TEXT), _texts)
JSON = ScalarType("JSON", JSONB(), to_jsonb_text)

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
"""The kind of each Python type that a declaration may use; enums get theirs from `enum_kind`."""


def enum_type(name: str, values: tuple[str, ...]) -> ScalarType:
    """Return the kind of a closed list of names, stored as they are in the API."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or value not in values:
            raise ValueError(f"{_shorten(value)} is none of {', '.join(values)}")
        return str(value)

    return ScalarType(name, TEXT, parse, values=values)


def type_for(python_type: object) -> ScalarType | None:
    """Return the kind for a Python type in a declaration, or None where there is none."""
    if isinstance(python_type, type) and issubclass(python_type, enum.StrEnum):
        return enum_type(python_type.__name__, tuple(member.value for member in python_type))
    return BY_PYTHON_TYPE.get(python_type)
