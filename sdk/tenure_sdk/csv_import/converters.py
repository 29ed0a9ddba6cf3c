"""Converters: from the text of a cell to a value, each with a sentence for what it refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from tenure_core.entities.formats import countries

NUMBERS = {
    ".": re.compile(r"[+-]?\d+(\.\d+)?"),
    ",": re.compile(r"[+-]?\d+(,\d+)?"),
}
"""How numbers are written, by what stands before their decimal places. Separators of thousands are refused,
because 1,500 is either of two numbers."""

TRUTHS = {
    "true": True,
    "yes": True,
    "y": True,
    "1": True,
    "false": False,
    "no": False,
    "n": False,
    "0": False,
}


def decimal(text: str, point: str = ".") -> Decimal:
    """Return a number exactly as it is written.

    Raises:
        ValueError: It is none.
    """
    if not NUMBERS[point].fullmatch(text):
        raise ValueError(f"{text!r} is not a number like -1234{point}50")
    return Decimal(text.replace(point, "."))


def integer(text: str, point: str = ".") -> int:
    """Return a whole number; 17850.0 is one, as spreadsheets write it.

    Raises:
        ValueError: It is none.
    """
    number = decimal(text, point)
    if number != int(number):
        raise ValueError(f"{text!r} is not a whole number")
    return int(number)


def plain(text: str, convert: Literal["text", "integer"]) -> str:
    """Return a cell as text, a whole number without the decimal places that a spreadsheet gave it.

    Raises:
        ValueError: It should be a whole number and is none.
    """
    return str(integer(text)) if convert == "integer" else text


def boolean(text: str) -> bool:
    """Return yes or no, in any of the usual words.

    Raises:
        ValueError: It is none of them.
    """
    if text.lower() not in TRUTHS:
        raise ValueError(f"{text!r} is none of {', '.join(TRUTHS)}")
    return TRUTHS[text.lower()]


def day(text: str, format: str | None) -> date:
    """Return a date, written as ISO 8601 or in a `strptime` format.

    Raises:
        ValueError: It is none.
    """
    try:
        return datetime.strptime(text, format).date() if format else date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date like {format or '2026-03-31'}") from None


def time(text: str, format: str | None, zone: str) -> datetime:
    """Return a point in time, as ISO 8601 or in a `strptime` format; `zone` holds where it names none.

    Raises:
        ValueError: It is none.
    """
    try:
        moment = datetime.strptime(text, format) if format else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time like {format or '2026-03-31 09:30:00'}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))


def country(text: str) -> str:
    """Return the ISO 3166-1 code of a country, given by its code or its English name.

    Raises:
        ValueError: There is no such country.
    """
    code = _codes().get(text.casefold())
    if code is None:
        raise ValueError(f"{text!r} is no country's code or English name; put it under `values`")
    return code


@lru_cache(1)
def _codes() -> Mapping[str, str]:
    return {spelling.casefold(): code for code, name in countries().items() for spelling in (code, name)}
