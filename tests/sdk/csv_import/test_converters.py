"""Converters: what each makes of a cell, and what it says of one that it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tenure_sdk.csv_import import converters


@pytest.mark.parametrize(
    ("text", "point", "number"),
    [
        ("12", ".", "12"),
        ("-0.050", ".", "-0.050"),
        ("+3.5", ".", "3.5"),
        ("1234,5", ",", "1234.5"),
        ("7", ",", "7"),
    ],
)
def test_a_number_is_read_exactly(text: str, point: str, number: str) -> None:
    assert str(converters.decimal(text, point)) == number


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("1,500", "."),
        ("1.500", ","),
        ("1.500,25", ","),
        ("1e5", "."),
        ("NaN", "."),
        ("", "."),
        (".5", "."),
    ],
)
def test_what_could_be_two_numbers_or_none_is_refused(text: str, point: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        converters.decimal(text, point)


def test_a_whole_number_may_look_as_a_spreadsheet_writes_it() -> None:
    assert converters.integer("17850.0") == 17850
    assert converters.plain("17850.0", "integer") == "17850"
    assert converters.plain("0017", "text") == "0017"
    with pytest.raises(ValueError, match="not a whole number"):
        converters.integer("1.5")


def test_truths_are_told_in_any_usual_word() -> None:
    assert [converters.boolean(t) for t in ("yes", "TRUE", "1", "n", "False", "0")] == [True] * 3 + [
        False
    ] * 3
    with pytest.raises(ValueError, match="none of true, yes"):
        converters.boolean("maybe")


def test_dates_and_times_are_read_in_any_format() -> None:
    assert converters.day("2011-03-31", None) == date(2011, 3, 31)
    assert converters.day("31.03.2011", "%d.%m.%Y") == date(2011, 3, 31)
    assert converters.time("2011-03-31 00:30:00", None, "Europe/London") == datetime(
        2011, 3, 30, 23, 30, tzinfo=UTC
    )
    assert converters.time("3/31/2011 0:30", "%m/%d/%Y %H:%M", "UTC") == datetime(
        2011, 3, 31, 0, 30, tzinfo=UTC
    )
    assert converters.time("2011-03-31T00:30Z", None, "Asia/Tokyo") == datetime(
        2011, 3, 31, 0, 30, tzinfo=UTC
    )


def test_a_wrong_date_or_time_is_refused_with_the_expected_form() -> None:
    with pytest.raises(ValueError, match="not a date like 2026-03-31"):
        converters.day("31.03.2011", None)
    with pytest.raises(ValueError, match=r"not a date like %d\.%m"):
        converters.day("2011-03-31", "%d.%m.%Y")
    with pytest.raises(ValueError, match="not a time like 2026-03-31 09:30:00"):
        converters.time("noon", None, "UTC")


def test_a_country_is_known_by_code_and_by_english_name() -> None:
    assert [converters.country(t) for t in ("de", "Germany", "SWITZERLAND", "Norway")] == [
        "DE",
        "DE",
        "CH",
        "NO",
    ]
    with pytest.raises(ValueError, match="put it under `values`"):
        converters.country("EIRE")


def test_amounts_add_up_without_rounding_in_between() -> None:
    assert sum(converters.decimal(t) for t in ["0.001"] * 2500) == Decimal("2.5")
