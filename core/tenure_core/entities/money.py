"""Conversion of decimal amounts to minor units of ISO 4217 currencies."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

EXPONENTS: dict[str, int] = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
}  # fmt: skip
"""Number of decimal places of each currency that does not have two. The values are from ISO 4217, because
CLDR has the places for display, which are fewer for some currencies."""


def to_minor_units(amount: Decimal, currency: str) -> int:
    """Return an amount in minor units. Halves are rounded away from zero: 2.545 GBP is 255.

    Raises:
        ValueError: The amount is not a finite number.
    """
    if not amount.is_finite():
        raise ValueError(f"{amount} is not an amount of money")
    return int(amount.scaleb(EXPONENTS.get(currency, 2)).to_integral_value(ROUND_HALF_UP))
