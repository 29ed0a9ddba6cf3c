"""Converts the text of a cell to a value. Each function raises ValueError with a message for the user."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from tenure_core.entities.formats import load_country_names

NUMBER_PATTERNS = {
    ".": re.compile(r"[+-]?\d+(\.\d+)?"),
    ",": re.compile(r"[+-]?\d+(,\d+)?"),
}
"""Number formats by decimal separator. Thousands separators are rejected, because 1,500 is ambiguous."""

BOOLEANS = {
    "true": True,
    "yes": True,
    "y": True,
    "1": True,
    "false": False,
    "no": False,
    "n": False,
    "0": False,
}


def parse_decimal(text: str, separator: str = ".") -> Decimal:
    """Return a number with its exact decimal places.

    Args:
        text: The text.
        separator: The decimal separator.

    Raises:
        ValueError: The text is not a number.
    """
    if not NUMBER_PATTERNS[separator].fullmatch(text):
        raise ValueError(f"{text!r} is not a number like -1234{separator}50")
    return Decimal(text.replace(separator, "."))


def parse_integer(text: str, separator: str = ".") -> int:
    """Return an integer. Decimal places are allowed if they are zero: spreadsheets write 17850.0.

    Raises:
        ValueError: The text is not an integer.
    """
    number = parse_decimal(text, separator)
    if number != int(number):
        raise ValueError(f"{text!r} is not an integer")
    return int(number)


def parse_text(text: str, convert: Literal["text", "integer"]) -> str:
    """Return the text; with "integer", without the decimal places that a spreadsheet adds to an integer.

    Raises:
        ValueError: The text is not an integer, but has to be one.
    """
    return str(parse_integer(text)) if convert == "integer" else text


def parse_boolean(text: str) -> bool:
    """Return a boolean for true, yes, y or 1, and false, no, n or 0, in upper or lower case.

    Raises:
        ValueError: The text is none of them.
    """
    if text.lower() not in BOOLEANS:
        raise ValueError(f"{text!r} is none of {', '.join(BOOLEANS)}")
    return BOOLEANS[text.lower()]


def parse_date(text: str, format: str | None) -> date:
    """Return a date in a `strptime` format, or in ISO 8601 without a format.

    Raises:
        ValueError: The text is not a date of this format.
    """
    try:
        return datetime.strptime(text, format).date() if format else date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date like {format or '2026-03-31'}") from None


def parse_time(text: str, format: str | None, zone: str) -> datetime:
    """Return a point in time in a `strptime` format, or in ISO 8601 without a format.

    Args:
        text: The text.
        format: The format.
        zone: The time zone of a text without an offset.

    Raises:
        ValueError: The text is not a time of this format.
    """
    try:
        time = datetime.strptime(text, format) if format else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time like {format or '2026-03-31 09:30:00'}") from None
    return time if time.tzinfo else time.replace(tzinfo=ZoneInfo(zone))


def parse_country(text: str) -> str:
    """Return the ISO 3166-1 code for a country's code or English name.

    Raises:
        ValueError: There is no such country.
    """
    code = _country_codes().get(text.casefold())
    if code is None:
        raise ValueError(f"{text!r} is not the code or the English name of a country; add it to `values`")
    return code


@lru_cache(1)
def _country_codes() -> Mapping[str, str]:
    return {
        spelling.casefold(): code for code, name in load_country_names().items() for spelling in (code, name)
    }
