"""Converters: the value for a cell, and the message for an invalid cell."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tenure_sdk.csv_import import converters


@pytest.mark.parametrize(
    ("text", "separator", "number"),
    [
        ("12", ".", "12"),
        ("-0.050", ".", "-0.050"),
        ("+3.5", ".", "3.5"),
        ("1234,5", ",", "1234.5"),
        ("7", ",", "7"),
    ],
)
def test_a_number_keeps_its_decimal_places(text: str, separator: str, number: str) -> None:
    assert str(converters.parse_decimal(text, separator)) == number


@pytest.mark.parametrize(
    ("text", "separator"),
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
def test_an_ambiguous_or_invalid_number_is_rejected(text: str, separator: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        converters.parse_decimal(text, separator)


def test_an_integer_may_have_zero_decimal_places() -> None:
    assert converters.parse_integer("17850.0") == 17850
    assert converters.parse_text("17850.0", "integer") == "17850"
    assert converters.parse_text("0017", "text") == "0017"
    with pytest.raises(ValueError, match="not an integer"):
        converters.parse_integer("1.5")


def test_common_words_are_booleans() -> None:
    assert [converters.parse_boolean(t) for t in ("yes", "TRUE", "1", "n", "False", "0")] == [True] * 3 + [
        False
    ] * 3
    with pytest.raises(ValueError, match="none of true, yes"):
        converters.parse_boolean("maybe")


def test_dates_and_times_are_parsed_in_a_given_format() -> None:
    assert converters.parse_date("2011-03-31", None) == date(2011, 3, 31)
    assert converters.parse_date("31.03.2011", "%d.%m.%Y") == date(2011, 3, 31)
    assert converters.parse_time("2011-03-31 00:30:00", None, "Europe/London") == datetime(
        2011, 3, 30, 23, 30, tzinfo=UTC
    )
    assert converters.parse_time("3/31/2011 0:30", "%m/%d/%Y %H:%M", "UTC") == datetime(
        2011, 3, 31, 0, 30, tzinfo=UTC
    )
    assert converters.parse_time("2011-03-31T00:30Z", None, "Asia/Tokyo") == datetime(
        2011, 3, 31, 0, 30, tzinfo=UTC
    )


def test_an_invalid_date_or_time_is_rejected_with_the_expected_format() -> None:
    with pytest.raises(ValueError, match="not a date like 2026-03-31"):
        converters.parse_date("31.03.2011", None)
    with pytest.raises(ValueError, match=r"not a date like %d\.%m"):
        converters.parse_date("2011-03-31", "%d.%m.%Y")
    with pytest.raises(ValueError, match="not a time like 2026-03-31 09:30:00"):
        converters.parse_time("noon", None, "UTC")


def test_a_country_is_found_by_code_and_by_english_name() -> None:
    assert [converters.parse_country(t) for t in ("de", "Germany", "SWITZERLAND", "Norway")] == [
        "DE",
        "DE",
        "CH",
        "NO",
    ]
    with pytest.raises(ValueError, match="add it to `values`"):
        converters.parse_country("EIRE")


def test_sums_of_numbers_are_exact() -> None:
    assert sum(converters.parse_decimal(t) for t in ["0.001"] * 2500) == Decimal("2.5")
