"""Parsers of scalar field values: from the JSON value of a client to the value to store. No I/O."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from functools import partial

from tenure_core.catalog.fields import ScalarField
from tenure_core.entities.formats import FORMATS
from tenure_core.entities.scalar_types import JSON, STRING
from tenure_core.write.results import ErrorCode

MAX_MEMBER_CHARACTERS = 100
"""Maximum length of a member of a list of texts, such as a tag."""

ValueParser = Callable[[object], object]
"""Returns the value to store; raises ValueError with a message for the client."""


class InvalidValueError(ValueError):
    """A value that is rejected with an error code other than INVALID."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def parse_scalar(field: ScalarField, value: object) -> object:
    """Parse a value of a field; null is not allowed.

    Raises:
        ValueError: The value is null, has another type, or violates a constraint of the field.
    """
    return _parse(field, False, value)


def parser_for(field: ScalarField, nullable: bool) -> ValueParser:
    """Return a field's parser, with a fast path for common values."""
    if field.scalar_type is STRING:
        return _text_parser(field, nullable)
    if field.scalar_type.values:
        return _enum_parser(field, nullable)
    if field.scalar_type.integer_range:
        return _integer_parser(field, nullable)
    return partial(_parse, field, nullable)


def _text_parser(field: ScalarField, nullable: bool) -> ValueParser:
    max_length = field.constraints.max_length or sys.maxsize
    format_text = FORMATS[field.constraints.format] if field.constraints.format else None

    def parse(value: object) -> object:
        if (
            type(value) is str
            and len(value) <= max_length
            and value.isascii()
            and "\x00" not in value
            and (nullable or value.strip())
        ):
            return format_text(value) if format_text else value
        if value is None and nullable:
            return None
        return _parse(field, nullable, value)

    return parse


def _enum_parser(field: ScalarField, nullable: bool) -> ValueParser:
    allowed = frozenset(field.scalar_type.values)

    def parse(value: object) -> object:
        return value if type(value) is str and value in allowed else _parse(field, nullable, value)

    return parse


def integer_bounds(field: ScalarField) -> tuple[int, int]:
    """Return the minimum and maximum of an integer field."""
    low, high = field.scalar_type.integer_range or (0, 0)
    minimum, maximum = field.constraints.minimum, field.constraints.maximum
    low = low if minimum is None else max(low, math.ceil(minimum))
    high = high if maximum is None else min(high, math.floor(maximum))
    return low, high


def _integer_parser(field: ScalarField, nullable: bool) -> ValueParser:
    low, high = integer_bounds(field)

    def parse(value: object) -> object:
        return value if type(value) is int and low <= value <= high else _parse(field, nullable, value)

    return parse


def _parse(field: ScalarField, nullable: bool, value: object) -> object:
    if value is None:
        if nullable:
            return None
        raise InvalidValueError(ErrorCode.REQUIRED, "must not be null")
    if field.scalar_type is JSON and not isinstance(value, Mapping):
        raise ValueError("expected an object")
    parsed = field.scalar_type.parse(value)
    if isinstance(parsed, str):
        return _check_text(field, parsed, nullable)
    if isinstance(parsed, list):
        return _check_members(field, parsed)
    if isinstance(parsed, int | float):
        _check_range(field, parsed)
    return parsed


def _check_text(field: ScalarField, text: str, nullable: bool) -> str:
    constraints = field.constraints
    if constraints.max_length is not None:
        is_json = field.scalar_type is JSON
        length, unit = (len(text.encode()), "bytes") if is_json else (len(text), "characters")
        check_length(length, constraints.max_length, unit)
    if field.scalar_type is STRING and not nullable and not text.strip():
        raise InvalidValueError(ErrorCode.REQUIRED, "must not be empty")
    return FORMATS[constraints.format](text) if constraints.format else text


def _check_members(field: ScalarField, members: list[str]) -> list[str]:
    if field.constraints.max_length is not None:
        check_length(len(members), field.constraints.max_length, "members")
    for member in members:
        if not member.strip():
            raise ValueError("members must not be empty")
        check_length(len(member), MAX_MEMBER_CHARACTERS, "characters in a member")
    return members


def check_length(length: int, maximum: int, unit: str) -> None:
    """Check the length of a value.

    Raises:
        InvalidValueError: The value is too long.
    """
    if length > maximum:
        raise InvalidValueError(ErrorCode.TOO_LONG, f"has {length} {unit}; at most {maximum} are allowed")


def _check_range(field: ScalarField, number: float) -> None:
    low, high = field.constraints.minimum, field.constraints.maximum
    if low is not None and number < low:
        raise InvalidValueError(ErrorCode.OUT_OF_RANGE, f"{number} is less than the minimum {low}")
    if high is not None and number > high:
        raise InvalidValueError(ErrorCode.OUT_OF_RANGE, f"{number} is greater than the maximum {high}")
