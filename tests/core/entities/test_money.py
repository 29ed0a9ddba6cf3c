"""Money: whole minor units from decimal amounts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure_core.entities.money import minor_units


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("2.55", "GBP", 255),
        ("2.545", "GBP", 255),
        ("-2.545", "GBP", -255),
        ("1000", "JPY", 1000),
        ("0.5", "JPY", 1),
        ("1.2345", "KWD", 1235),
        ("1.23456", "CLF", 12346),
        ("17", "ALL", 1700),
    ],
)
def test_an_amount_becomes_whole_units_of_its_currency(amount: str, currency: str, units: int) -> None:
    assert minor_units(Decimal(amount), currency) == units


@given(st.integers(-(10**15), 10**15))
def test_an_amount_of_whole_cents_loses_nothing(cents: int) -> None:
    assert minor_units(Decimal(cents) / 100, "EUR") == cents


@pytest.mark.parametrize("amount", ["NaN", "Infinity"])
def test_what_is_no_number_is_no_amount(amount: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        minor_units(Decimal(amount), "EUR")
