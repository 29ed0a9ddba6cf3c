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


class InvalidValueError(ValueError):
    """A value that is refused for another reason than being malformed."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def parse_scalar(one: ScalarField, value: object) -> object:
    """Return the value of a field that must not be empty.

    Raises:
        ValueError: It is empty, of another kind, or against a rule of the field.
    """
    return _scalar(one, False, value)


def parser_for(one: ScalarField, nullable: bool) -> Reader:
    """Return what reads a field's value, with a short way for what most values are."""
    if one.scalar_type is STRING:
        return _text_reader(one, nullable)
    if one.scalar_type.values:
        return _choice_reader(one, nullable)
    if one.scalar_type.whole:
        return _number_reader(one, nullable)
    return partial(_scalar, one, nullable)


def _text_reader(one: ScalarField, nullable: bool) -> Reader:
    longest = one.constraints.max_length or sys.maxsize
    form = FORMATS[one.constraints.format] if one.constraints.format else None

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
    choices = frozenset(one.scalar_type.values)

    def read(value: object) -> object:
        return value if type(value) is str and value in choices else _scalar(one, nullable, value)

    return read


def bounds(one: ScalarField) -> tuple[int, int]:
    """Return the least and the greatest number that a field of whole numbers holds."""
    low, high = one.scalar_type.whole or (0, 0)
    low = max(low, math.ceil(one.constraints.minimum)) if one.constraints.minimum is not None else low
    high = min(high, math.floor(one.constraints.maximum)) if one.constraints.maximum is not None else high
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
        raise InvalidValueError(ErrorCode.REQUIRED, "must not be null")
    if one.scalar_type is JSON and not isinstance(value, Mapping):
        raise ValueError("expected an object with fields")
    parsed = one.scalar_type.parse(value)
    if isinstance(parsed, str):
        return _text(one, parsed, nullable)
    if isinstance(parsed, list):
        return _members(one, parsed)
    if isinstance(parsed, int | float):
        _refuse_outside(one, parsed)
    return parsed


def _text(one: ScalarField, text: str, nullable: bool) -> str:
    if one.constraints.max_length is not None:
        length, unit = (len(text.encode()), "bytes") if one.scalar_type is JSON else (len(text), "characters")
        check_length(length, one.constraints.max_length, unit)
    if one.scalar_type is STRING and not nullable and not text.strip():
        raise InvalidValueError(ErrorCode.REQUIRED, "must not be empty")
    return FORMATS[one.constraints.format](text) if one.constraints.format else text


def _members(one: ScalarField, members: list[str]) -> list[str]:
    if one.constraints.max_length is not None:
        check_length(len(members), one.constraints.max_length, "members")
    for member in members:
        if not member.strip():
            raise ValueError("a member of the list is empty")
        check_length(len(member), MEMBER_CHARACTERS, "characters in a member")
    return members


def check_length(length: int, limit: int, unit: str) -> None:
    """Refuse what is longer than allowed.

    Raises:
        RefusedError: It is.
    """
    if length > limit:
        raise InvalidValueError(ErrorCode.TOO_LONG, f"has {length} {unit}; at most {limit} are allowed")


def _refuse_outside(one: ScalarField, number: float) -> None:
    low, high = one.constraints.minimum, one.constraints.maximum
    if low is not None and number < low:
        raise InvalidValueError(
            ErrorCode.OUT_OF_RANGE, f"{number} is less than {low}, the least that is allowed"
        )
    if high is not None and number > high:
        raise InvalidValueError(
            ErrorCode.OUT_OF_RANGE, f"{number} is more than {high}, the most that is allowed"
        )
