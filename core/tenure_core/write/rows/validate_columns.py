"""Alike: rows that have the same fields, read a field at a time: what is plain in all is seen at once. Pure.

A row at a time takes several times as long, and a load has little else to do. What is not plain is looked at
value by value, as `validate` does, so that both find the same values and the same errors.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TypeVar

from tenure_core.catalog.catalog import CompositeField, EntityInfo, Field, ScalarField
from tenure_core.entities.formats import FORMATS
from tenure_core.entities.scalar_types import STRING, validate_text
from tenure_core.write.rows.validate import FieldSetter, Validated, setter_for
from tenure_core.write.rows.value_parsers import bounds, parser_for

Plain = TypeVar("Plain", int, str)

ColumnReader = Callable[[Sequence[object]], Iterable[object]]
"""Returns the values of a field as they are written; raises ValueError where one is not plain."""

ColumnTaker = Callable[[Sequence[Validated], Sequence[object]], None]
"""Puts the values of one field into what the rows say."""


def validate_uniform_rows(
    entity: EntityInfo, rows: Sequence[Mapping[str, object]], names: Iterable[str]
) -> list[Validated]:
    """Return what rows say, and everything that is wrong with each, as `validate` does for one.

    Args:
        entity: What the rows are of.
        rows: JSON values by the API's names; all have the same names, in one order.
        names: Those of them that are fields.
    """
    found = [Validated() for _ in rows]
    takers = _column_takers(entity)
    for name in names:
        take = takers.get(name) or partial(_take_each, setter_for(entity, name))
        take(found, [row[name] for row in rows])
    return found


@lru_cache(maxsize=256)
def _column_takers(entity: EntityInfo) -> Mapping[str, ColumnTaker]:
    return {one.name: _column_taker(one, setter_for(entity, one.name)) for one in entity.fields.values()}


def _column_taker(one: Field, take: FieldSetter) -> ColumnTaker:
    if isinstance(one, ScalarField) and one.writable:
        return partial(_take_scalars, str(one.column.name), _column_reader(one, one.nullable), take)
    if isinstance(one, CompositeField) and one.writable:
        return partial(_take_composites, _part_readers(one), take)
    return partial(_take_each, take)


def _take_each(take: FieldSetter, found: Sequence[Validated], values: Sequence[object]) -> None:
    for said, value in zip(found, values, strict=True):
        take(said, value)


def _take_scalars(
    column: str, read: ColumnReader, take: FieldSetter, found: Sequence[Validated], values: Sequence[object]
) -> None:
    try:
        _put(found, column, read(values))
    except ValueError:
        _take_each(take, found, values)


def _put(found: Sequence[Validated], column: str, values: Iterable[object]) -> None:
    for said, value in zip(found, values, strict=True):
        said.values[column] = value


def _part_readers(one: CompositeField) -> Mapping[str, tuple[str, ColumnReader]]:
    return {
        name: (str(part.column.name), _column_reader(part, name not in one.required_parts))
        for name, part in one.parts.items()
    }


def _take_composites(
    readers: Mapping[str, tuple[str, ColumnReader]],
    take: FieldSetter,
    found: Sequence[Validated],
    values: Sequence[object],
) -> None:
    try:
        objects = _objects(values, readers.keys())
        written = [
            (column, read([each.get(name) for each in objects])) for name, (column, read) in readers.items()
        ]
    except ValueError:
        _take_each(take, found, values)
    else:
        for column, parts in written:
            _put(found, column, parts)


def _objects(values: Sequence[object], parts: Iterable[str]) -> list[Mapping[str, object]]:
    known = frozenset(parts)
    objects: list[Mapping[str, object]] = [
        value for value in values if isinstance(value, dict) and known.issuperset(value)
    ]
    if len(objects) < len(values):
        raise ValueError("one is no object of these parts")
    return objects


def _column_reader(one: ScalarField, nullable: bool) -> ColumnReader:
    if one.scalar_type is STRING:
        return partial(_texts, one, nullable)
    if one.scalar_type.values:
        return partial(_choices, frozenset(one.scalar_type.values), nullable)
    if one.scalar_type.whole:
        return partial(_numbers, *bounds(one), nullable)
    read = parser_for(one, nullable)
    return lambda values: [read(value) for value in values]


def _texts(one: ScalarField, nullable: bool, values: Sequence[object]) -> Iterable[object]:
    texts = _all_of(str, values, nullable)
    validate_text("".join(texts))
    if max(map(len, texts), default=0) > (one.constraints.max_length or sys.maxsize):
        raise ValueError("one is too long")
    if not nullable and not all(map(str.strip, texts)):
        raise ValueError("one is empty")
    if one.constraints.format is None:
        return values
    form = FORMATS[one.constraints.format]
    return [form(value) if isinstance(value, str) else None for value in values]


def _choices(choices: frozenset[str], nullable: bool, values: Sequence[object]) -> Iterable[object]:
    if not choices.issuperset(_all_of(str, values, nullable)):
        raise ValueError("one is no choice")
    return values


def _numbers(low: int, high: int, nullable: bool, values: Sequence[object]) -> Iterable[object]:
    numbers = _all_of(int, values, nullable)
    if min(numbers, default=low) < low or max(numbers, default=high) > high:
        raise ValueError("one is out of range")
    return values


def _all_of(kind: type[Plain], values: Sequence[object], nullable: bool) -> list[Plain]:
    """Return the values that are there: all of just this type, for a truth would pass for a number."""
    found = [value for value in values if type(value) is kind]
    if len(found) < len(values) and not (nullable and len(found) + values.count(None) == len(values)):
        raise ValueError("one is of another type")
    return found
