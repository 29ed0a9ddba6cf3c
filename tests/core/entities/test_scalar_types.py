"""Scalar types: accepted values, the messages for rejected values, and properties."""

from __future__ import annotations

import math
import uuid
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure_core.entities import scalar_types
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

SOME_ID = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")

ACCEPTED: list[tuple[ScalarType, object, object]] = [
    (ID, str(SOME_ID), SOME_ID),
    (ID, SOME_ID.hex.upper(), SOME_ID),
    (ID, SOME_ID, SOME_ID),
    (STRING, "上海 🎈", "上海 🎈"),
    (INT, 3, 3),
    (INT, 3.0, 3),
    (INT, -(2**31), -(2**31)),
    (BIG_INT, 2**53 - 1, 2**53 - 1),
    (FLOAT, 1, 1.0),
    (BOOLEAN, False, False),
    (DATE, "2026-03-31", date(2026, 3, 31)),
    (DATE_TIME, "2026-03-31T09:30:00Z", datetime(2026, 3, 31, 9, 30, tzinfo=UTC)),
    (DATE_TIME, "2026-03-31T09:30:00+05:30", datetime(2026, 3, 31, 4, 0, tzinfo=UTC)),
    (DATE_TIME, "2026-03-31T09:30:00", datetime(2026, 3, 31, 9, 30, tzinfo=UTC)),
    (STRING_LIST, ["a", ""], ["a", ""]),
    (JSON, {"a": [1, None]}, '{"a":[1,null]}'),
]

REJECTED: list[tuple[ScalarType, object, str]] = [
    (ID, "42", "is not an id"),
    (ID, 42, "is not an id"),
    (STRING, 5, "expected text"),
    (STRING, "a\x00b", "NUL"),
    (STRING, "\ud800", "surrogates"),
    (INT, True, "expected an integer"),
    (INT, 1.5, "expected an integer"),
    (INT, math.nan, "expected an integer"),
    (INT, math.inf, "expected an integer|is not between"),
    (INT, 2**31, "is not between"),
    (INT, "1", "expected an integer"),
    (BIG_INT, 2**53, "is not between"),
    (FLOAT, "1", "expected a number"),
    (FLOAT, True, "expected a number"),
    (FLOAT, 10**400, "finite"),
    (BOOLEAN, 1, "true or false"),
    (DATE, "2026-02-30", "is not a date"),
    (DATE, "yesterday", "is not a date"),
    (DATE_TIME, "soon", "is not a date and time"),
    (DATE_TIME, "0001-01-01T00:00:00+01:00", "is not between the years"),
    (STRING_LIST, "a", "list of texts"),
    (STRING_LIST, [1], "expected text"),
    (JSON, {"a": math.nan}, "finite"),
    (JSON, {"a\x00": 1}, "NUL"),
    (JSON, {"a": 2**64}, "JSON"),
]


@pytest.mark.parametrize(("scalar_type", "value", "expected"), ACCEPTED)
def test_a_valid_value_is_converted_for_the_driver(
    scalar_type: ScalarType, value: object, expected: object
) -> None:
    assert scalar_type.parse(value) == expected
    assert type(scalar_type.parse(value)) is type(expected)


@pytest.mark.parametrize(("scalar_type", "value", "reason"), REJECTED)
def test_an_invalid_value_is_rejected(scalar_type: ScalarType, value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        scalar_type.parse(value)


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(scalar_type=st.sampled_from(list(scalar_types.BY_PYTHON_TYPE.values())), value=ANYTHING)
def test_any_value_is_accepted_or_rejected_with_value_error(scalar_type: ScalarType, value: object) -> None:
    with suppress(ValueError):
        scalar_type.parse(value)


@given(moment=st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)), minutes=st.integers(-1439, 1439))
def test_a_time_with_an_offset_is_converted_to_utc(moment: datetime, minutes: int) -> None:
    in_zone = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    assert DATE_TIME.parse(in_zone.isoformat()) == moment.replace(tzinfo=UTC)


def test_an_enum_accepts_only_its_members() -> None:
    scalar_type = scalar_types.enum_type("Colour", ("RED", "BLUE"))
    assert scalar_type.parse("RED") == "RED"
    with pytest.raises(ValueError, match="not one of RED, BLUE"):
        scalar_type.parse("red")


def test_enums_with_different_names_are_different_types() -> None:
    assert scalar_types.enum_type("A", ("X",)) != scalar_types.enum_type("B", ("X",))
    assert scalar_types.enum_type("A", ("X",)) == scalar_types.enum_type("A", ("X",))


def test_a_python_type_has_a_scalar_type() -> None:
    class Size(StrEnum):
        SMALL = "SMALL"

    size = scalar_types.type_for(Size)
    assert size is not None
    assert size.values == ("SMALL",)
    assert scalar_types.type_for(list[str]) is STRING_LIST
    assert scalar_types.type_for(bytes) is None


def test_dates_and_times_are_temporal() -> None:
    assert [scalar_type for scalar_type in scalar_types.BY_PYTHON_TYPE.values() if scalar_type.temporal] == [
        DATE,
        DATE_TIME,
    ]


@pytest.mark.parametrize(
    ("operator", "names"),
    [
        ("eq", "Boolean Date DateTime Float ID Int String"),
        ("in", "Date DateTime Float ID Int String"),
        ("lt", "Date DateTime Float Int String"),
        ("startsWith", "String"),
        ("contains", "JSON String"),
        ("hasEvery", "StringList"),
    ],
)
def test_a_scalar_type_states_its_filter_operators(operator: str, names: str) -> None:
    types = [t.name for t in scalar_types.BY_PYTHON_TYPE.values() if operator in t.operators]
    assert sorted(types) == names.split()


def test_an_enum_is_sorted_but_not_compared() -> None:
    colour = scalar_types.enum_type("Colour", ("RED", "BLUE"))
    assert (colour.sortable, "in" in colour.operators, "lt" in colour.operators) == (True, True, False)
    assert (STRING_LIST.sortable, JSON.sortable) == (False, False)
