"""Conversion of decimal amounts to minor units."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure_core.entities.money import to_minor_units


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
def test_an_amount_is_converted_to_minor_units(amount: str, currency: str, units: int) -> None:
    assert to_minor_units(Decimal(amount), currency) == units


@given(st.integers(-(10**15), 10**15))
def test_whole_cents_are_converted_exactly(cents: int) -> None:
    assert to_minor_units(Decimal(cents) / 100, "EUR") == cents


@pytest.mark.parametrize("amount", ["NaN", "Infinity"])
def test_an_infinite_amount_is_rejected(amount: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        to_minor_units(Decimal(amount), "EUR")
