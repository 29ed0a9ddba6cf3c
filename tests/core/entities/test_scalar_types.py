"""Kinds: what each takes from a client, and what it refuses with a sentence for people."""

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

TAKEN: list[tuple[ScalarType, object, object]] = [
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

REFUSED: list[tuple[ScalarType, object, str]] = [
    (ID, "42", "is not an id"),
    (ID, 42, "is not an id"),
    (STRING, 5, "expected text"),
    (STRING, "a\x00b", "NUL"),
    (STRING, "\ud800", "surrogates"),
    (INT, True, "whole number"),
    (INT, 1.5, "whole number"),
    (INT, math.nan, "whole number"),
    (INT, math.inf, "whole number|outside"),
    (INT, 2**31, "outside"),
    (INT, "1", "whole number"),
    (BIG_INT, 2**53, "outside"),
    (FLOAT, "1", "expected a number"),
    (FLOAT, True, "expected a number"),
    (FLOAT, 10**400, "finite"),
    (BOOLEAN, 1, "true or false"),
    (DATE, "2026-02-30", "is not a date"),
    (DATE, "yesterday", "is not a date"),
    (DATE_TIME, "soon", "is not a time"),
    (DATE_TIME, "0001-01-01T00:00:00+01:00", "outside the years"),
    (STRING_LIST, "a", "list of texts"),
    (STRING_LIST, [1], "expected text"),
    (JSON, {"a": math.nan}, "finite"),
    (JSON, {"a\x00": 1}, "NUL"),
    (JSON, {"a": 2**64}, "JSON"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), TAKEN)
def test_a_value_is_read_as_postgres_takes_it(kind: ScalarType, value: object, expected: object) -> None:
    assert kind.parse(value) == expected
    assert type(kind.parse(value)) is type(expected)


@pytest.mark.parametrize(("kind", "value", "reason"), REFUSED)
def test_a_value_of_another_kind_is_refused(kind: ScalarType, value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        kind.parse(value)


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(kind=st.sampled_from(list(scalar_types.BY_PYTHON_TYPE.values())), value=ANYTHING)
def test_whatever_a_client_sends_is_taken_or_refused_but_never_fails(kind: ScalarType, value: object) -> None:
    with suppress(ValueError):
        kind.parse(value)


@given(moment=st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)), minutes=st.integers(-1439, 1439))
def test_a_time_is_the_same_in_every_zone(moment: datetime, minutes: int) -> None:
    in_zone = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    assert DATE_TIME.parse(in_zone.isoformat()) == moment.replace(tzinfo=UTC)


def test_an_enum_takes_its_own_values_only() -> None:
    kind = scalar_types.enum_type("Colour", ("RED", "BLUE"))
    assert kind.parse("RED") == "RED"
    with pytest.raises(ValueError, match="none of RED, BLUE"):
        kind.parse("red")


def test_enums_of_other_names_are_other_kinds() -> None:
    assert scalar_types.enum_type("A", ("X",)) != scalar_types.enum_type("B", ("X",))
    assert scalar_types.enum_type("A", ("X",)) == scalar_types.enum_type("A", ("X",))


def test_python_types_lead_to_kinds() -> None:
    class Size(StrEnum):
        SMALL = "SMALL"

    found = scalar_types.type_for(Size)
    assert found is not None
    assert found.values == ("SMALL",)
    assert scalar_types.type_for(list[str]) is STRING_LIST
    assert scalar_types.type_for(bytes) is None


def test_only_points_in_time_are_temporal() -> None:
    assert [kind for kind in scalar_types.BY_PYTHON_TYPE.values() if kind.temporal] == [DATE, DATE_TIME]
