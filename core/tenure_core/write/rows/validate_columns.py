"""Validates rows with the same fields column by column, several times faster than row by row. No I/O.

If all values of a column take the fast path, they are checked together. Otherwise each value is validated as
by `validate`, so that both functions return the same values and errors.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial, singledispatch
from typing import TypeVar

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.fields import CompositeField, Field, ScalarField
from tenure_core.entities.formats import FORMATS
from tenure_core.entities.scalar_types import STRING, validate_text
from tenure_core.write.rows.validate import FieldSetter, ParsedFields, setter_for
from tenure_core.write.rows.value_parsers import integer_bounds, parser_for

Scalar = TypeVar("Scalar", int, str)

ColumnParser = Callable[[Sequence[object]], Iterable[object]]
"""Returns the values of a column to store; raises ValueError if a value does not take the fast path."""

ColumnSetter = Callable[[Sequence[ParsedFields], Sequence[object]], None]
"""Parses the values of a field and adds them, or errors, to the parsed fields of the rows."""


def validate_uniform_rows(
    entity: EntityInfo, rows: Sequence[Mapping[str, object]], names: Iterable[str]
) -> list[ParsedFields]:
    """Validate rows that have the same keys, with the same result as `validate` for each row.

    Args:
        entity: The entity of the rows.
        rows: JSON values by field name.
        names: The names of the fields; other keys of the rows are ignored.
    """
    parsed_rows = [ParsedFields() for _ in rows]
    setters = _column_setters(entity)
    for name in names:
        set_column = setters.get(name) or partial(_set_each, setter_for(entity, name))
        set_column(parsed_rows, [row[name] for row in rows])
    return parsed_rows


@lru_cache(maxsize=256)
def _column_setters(entity: EntityInfo) -> Mapping[str, ColumnSetter]:
    return {
        name: build_column_setter(field, setter_for(entity, name)) for name, field in entity.fields.items()
    }


@singledispatch
def build_column_setter(field: Field, setter: FieldSetter) -> ColumnSetter:
    """Return the setter of a field for many rows at once; by default it calls the setter of each row."""
    return partial(_set_each, setter)


@build_column_setter.register
def _(field: ScalarField, setter: FieldSetter) -> ColumnSetter:
    if not field.writable:
        return partial(_set_each, setter)
    return partial(_set_scalars, str(field.column.name), _column_parser(field, field.nullable), setter)


@build_column_setter.register
def _(field: CompositeField, setter: FieldSetter) -> ColumnSetter:
    if not field.writable:
        return partial(_set_each, setter)
    return partial(_set_composites, _part_parsers(field), setter)


def _set_each(setter: FieldSetter, rows: Sequence[ParsedFields], values: Sequence[object]) -> None:
    for parsed, value in zip(rows, values, strict=True):
        setter(parsed, value)


def _set_scalars(
    column: str,
    parse: ColumnParser,
    setter: FieldSetter,
    rows: Sequence[ParsedFields],
    values: Sequence[object],
) -> None:
    try:
        _set_column(rows, column, parse(values))
    except ValueError:
        _set_each(setter, rows, values)


def _set_column(rows: Sequence[ParsedFields], column: str, values: Iterable[object]) -> None:
    for parsed, value in zip(rows, values, strict=True):
        parsed.values[column] = value


def _part_parsers(field: CompositeField) -> Mapping[str, tuple[str, ColumnParser]]:
    return {
        name: (str(part.column.name), _column_parser(part, name not in field.required_parts))
        for name, part in field.parts.items()
    }


def _set_composites(
    parsers: Mapping[str, tuple[str, ColumnParser]],
    setter: FieldSetter,
    rows: Sequence[ParsedFields],
    values: Sequence[object],
) -> None:
    try:
        objects = _require_objects(values, parsers.keys())
        columns = [
            (column, parse([value.get(name) for value in objects]))
            for name, (column, parse) in parsers.items()
        ]
    except ValueError:
        _set_each(setter, rows, values)
    else:
        for column, parts in columns:
            _set_column(rows, column, parts)


def _require_objects(values: Sequence[object], parts: Iterable[str]) -> list[Mapping[str, object]]:
    known = frozenset(parts)
    objects: list[Mapping[str, object]] = [
        value for value in values if isinstance(value, dict) and known.issuperset(value)
    ]
    if len(objects) < len(values):
        raise ValueError("a value is not an object with these parts")
    return objects


def _column_parser(field: ScalarField, nullable: bool) -> ColumnParser:
    if field.scalar_type is STRING:
        return partial(_parse_texts, field, nullable)
    if field.scalar_type.values:
        return partial(_parse_enum_values, frozenset(field.scalar_type.values), nullable)
    if field.scalar_type.integer_range:
        return partial(_parse_integers, *integer_bounds(field), nullable)
    parse = parser_for(field, nullable)
    return lambda values: [parse(value) for value in values]


def _parse_texts(field: ScalarField, nullable: bool, values: Sequence[object]) -> Iterable[object]:
    texts = _require_type(str, values, nullable)
    validate_text("".join(texts))
    if max(map(len, texts), default=0) > (field.constraints.max_length or sys.maxsize):
        raise ValueError("a value is too long")
    if not nullable and not all(map(str.strip, texts)):
        raise ValueError("a value is empty")
    if field.constraints.format is None:
        return values
    format_text = FORMATS[field.constraints.format]
    return [format_text(value) if isinstance(value, str) else None for value in values]


def _parse_enum_values(allowed: frozenset[str], nullable: bool, values: Sequence[object]) -> Iterable[object]:
    if not allowed.issuperset(_require_type(str, values, nullable)):
        raise ValueError("a value is not allowed")
    return values


def _parse_integers(low: int, high: int, nullable: bool, values: Sequence[object]) -> Iterable[object]:
    integers = _require_type(int, values, nullable)
    if min(integers, default=low) < low or max(integers, default=high) > high:
        raise ValueError("a value is out of range")
    return values


def _require_type(scalar: type[Scalar], values: Sequence[object], nullable: bool) -> list[Scalar]:
    """Return the values that are not null; their type must be exact, because bool is a subclass of int."""
    typed = [value for value in values if type(value) is scalar]
    if len(typed) < len(values) and not (nullable and len(typed) + values.count(None) == len(values)):
        raise ValueError("a value has another type")
    return typed
