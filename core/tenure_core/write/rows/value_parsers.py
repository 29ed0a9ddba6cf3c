"""Readers: from one value as a client sent it to the value that is written, or why it is refused. Pure."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from functools import partial

from tenure_core.catalog.catalog import ScalarField
from tenure_core.entities.formats import FORMATS
from tenure_core.entities.scalar_types import JSON, STRING
from tenure_core.write.results import ErrorCode

MEMBER_CHARACTERS = 100
"""The longest member of a list of texts, such as a tag."""

Reader = Callable[[object], object]
"""Returns one value as it is written; raises ValueError with a sentence for people."""


class RefusedError(ValueError):
    """A value that is refused for another reason than being malformed."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_scalar(one: ScalarField, value: object) -> object:
    """Return the value of a field that must not be empty.

    Raises:
        ValueError: It is empty, of another kind, or against a rule of the field.
    """
    return _scalar(one, False, value)


def reader_of(one: ScalarField, nullable: bool) -> Reader:
    """Return what reads a field's value, with a short way for what most values are."""
    if one.kind is STRING:
        return _text_reader(one, nullable)
    if one.kind.values:
        return _choice_reader(one, nullable)
    if one.kind.whole:
        return _number_reader(one, nullable)
    return partial(_scalar, one, nullable)


def _text_reader(one: ScalarField, nullable: bool) -> Reader:
    longest = one.rules.max_length or sys.maxsize
    form = FORMATS[one.rules.format] if one.rules.format else None

    def read(value: object) -> object:
        if (
            type(value) is str
            and len(value) <= longest
            and value.isascii()
            and "\x00" not in value
            and (nullable or value.strip())
        ):
            return form(value) if form else value
        if value is None and nullable:
            return None
        return _scalar(one, nullable, value)

    return read


def _choice_reader(one: ScalarField, nullable: bool) -> Reader:
    choices = frozenset(one.kind.values)

    def read(value: object) -> object:
        return value if type(value) is str and value in choices else _scalar(one, nullable, value)

    return read


def bounds(one: ScalarField) -> tuple[int, int]:
    """Return the least and the greatest number that a field of whole numbers holds."""
    low, high = one.kind.whole or (0, 0)
    low = max(low, math.ceil(one.rules.minimum)) if one.rules.minimum is not None else low
    high = min(high, math.floor(one.rules.maximum)) if one.rules.maximum is not None else high
    return low, high


def _number_reader(one: ScalarField, nullable: bool) -> Reader:
    low, high = bounds(one)

    def read(value: object) -> object:
        return value if type(value) is int and low <= value <= high else _scalar(one, nullable, value)

    return read


def _scalar(one: ScalarField, nullable: bool, value: object) -> object:
    if value is None:
        if nullable:
            return None
        raise RefusedError(ErrorCode.REQUIRED, "must not be null")
    if one.kind is JSON and not isinstance(value, Mapping):
        raise ValueError("expected an object with fields")
    parsed = one.kind.parse(value)
    if isinstance(parsed, str):
        return _text(one, parsed, nullable)
    if isinstance(parsed, list):
        return _members(one, parsed)
    if isinstance(parsed, int | float):
        _refuse_outside(one, parsed)
    return parsed


def _text(one: ScalarField, text: str, nullable: bool) -> str:
    if one.rules.max_length is not None:
        length, unit = (len(text.encode()), "bytes") if one.kind is JSON else (len(text), "characters")
        refuse_longer(length, one.rules.max_length, unit)
    if one.kind is STRING and not nullable and not text.strip():
        raise RefusedError(ErrorCode.REQUIRED, "must not be empty")
    return FORMATS[one.rules.format](text) if one.rules.format else text


def _members(one: ScalarField, members: list[str]) -> list[str]:
    if one.rules.max_length is not None:
        refuse_longer(len(members), one.rules.max_length, "members")
    for member in members:
        if not member.strip():
            raise ValueError("a member of the list is empty")
        refuse_longer(len(member), MEMBER_CHARACTERS, "characters in a member")
    return members


def refuse_longer(length: int, limit: int, unit: str) -> None:
    """Refuse what is longer than allowed.

    Raises:
        RefusedError: It is.
    """
    if length > limit:
        raise RefusedError(ErrorCode.TOO_LONG, f"has {length} {unit}; at most {limit} are allowed")


def _refuse_outside(one: ScalarField, number: float) -> None:
    low, high = one.rules.minimum, one.rules.maximum
    if low is not None and number < low:
        raise RefusedError(ErrorCode.OUT_OF_RANGE, f"{number} is less than {low}, the least that is allowed")
    if high is not None and number > high:
        raise RefusedError(ErrorCode.OUT_OF_RANGE, f"{number} is more than {high}, the most that is allowed")
