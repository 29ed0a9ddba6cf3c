"""Maps the columns of a CSV header to paths in a row, and converts cells to JSON values. No I/O.

A cell that cannot be converted stays a text, so that the validation of the row reports the error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache, singledispatch
from itertools import pairwise
from typing import Any

import orjson

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.fields import CompositeField, Field, ScalarField, ToOne
from tenure_core.entities.scalar_types import BIG_INT, BOOLEAN, FLOAT, INT, JSON, STRING_LIST, ScalarType
from tenure_core.errors import BadUserInputError
from tenure_core.write.rows.pending_row import EXPECTED_VERSION
from tenure_core.write.rows.upsert_row import MATCH, ON_CONFLICT, SOURCE_VERSION, URL
from tenure_core.write.rows.validate import writable_fields

INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?", re.ASCII)

Path = tuple[str, ...]
CellParser = Callable[[str], object]

REFERENCE_PATHS: Collection[Path] = (("id",), ("externalRef", "system"), ("externalRef", "id"))
"""The paths in a value that references a record."""


def _parse_text(cell: str) -> object:
    return cell


def _parse_integer(cell: str) -> object:
    return int(cell) if INTEGER.fullmatch(cell) else cell


def _parse_number(cell: str) -> object:
    return float(cell) if NUMBER.fullmatch(cell) else cell


def _parse_boolean(cell: str) -> object:
    return {"true": True, "false": False}.get(cell.lower(), cell)


def _parse_json(cell: str) -> object:
    try:
        return orjson.loads(cell)
    except orjson.JSONDecodeError:
        return cell


CELL_PARSERS: Mapping[ScalarType, CellParser] = {
    INT: _parse_integer,
    BIG_INT: _parse_integer,
    FLOAT: _parse_number,
    BOOLEAN: _parse_boolean,
    JSON: _parse_json,
    STRING_LIST: _parse_json,
}
"""The parsers for scalar types whose JSON value is not a string."""

ROW_OPTIONS: Mapping[Path, CellParser] = {
    **{(MATCH, *path): _parse_text for path in REFERENCE_PATHS},
    (ON_CONFLICT,): _parse_text,
    (EXPECTED_VERSION,): _parse_integer,
    (SOURCE_VERSION,): _parse_text,
    (URL,): _parse_text,
}
"""The columns that are not fields of the record. An empty cell means that the option is not given."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the header.

    Args:
        path: The path of its values in the row.
        parse: Converts a cell.
        clears: Whether an empty cell clears the field; otherwise it is ignored.
        empty: The value of a cleared field, unless another column sets a part of it.
        has_keys: Whether columns can also set the keys of the value, which is a JSON object.
    """

    path: Path
    parse: CellParser
    clears: bool = False
    empty: object = None
    has_keys: bool = False


class Header:
    """The columns of a CSV body.

    Args:
        entity: The entity of the rows.
        names: The column names.

    Raises:
        BadUserInputError: A column is unknown, two columns set the same value, or no column is a match key.
    """

    def __init__(self, entity: EntityInfo, names: Sequence[str]) -> None:
        self._columns = [_create_column(entity, name.strip()) for name in names]
        self._references = [reference.name for reference in entity.references]
        _check_paths(sorted(column.path for column in self._columns))

    def build_row(self, cells: Sequence[str]) -> dict[str, Any]:
        """Return the row for the cells of a record.

        Raises:
            ValueError: The number of cells differs from the number of columns.
        """
        if len(cells) != len(self._columns):
            raise ValueError(f"the row has {len(cells)} cells, but the header has {len(self._columns)}")
        row: dict[str, Any] = {}
        for column, cell in zip(self._columns, cells, strict=True):
            if cell:
                _set_value(row, column.path, column.parse(cell))
            elif column.clears:
                row.setdefault(column.path[0], column.empty)
        self._clear_references(row)
        return row

    def _clear_references(self, row: dict[str, Any]) -> None:
        """Clear the references that have no id: `externalRef.system` alone identifies no record."""
        for name in self._references:
            if (reference := row.get(name)) and "id" not in {**reference, **reference.get("externalRef", {})}:
                row[name] = None


def _check_paths(paths: Sequence[Path]) -> None:
    for path, next_path in pairwise(paths):
        if next_path[: len(path)] == path:
            raise BadUserInputError(
                f"The columns {_join(path)} and {_join(next_path)} set the same value.", "Remove one of them."
            )
    if not any(path[0] == MATCH for path in paths):
        raise BadUserInputError(
            "The header has no match key, which identifies the record of a row.",
            "Add the columns match.externalRef.system and match.externalRef.id, or match.id.",
        )


def _set_value(row: dict[str, Any], path: Path, value: object) -> None:
    *parents, last = path
    for name in parents:
        row[name] = row = row.get(name) or {}
    row[last] = value


def _create_column(entity: EntityInfo, name: str) -> Column:
    path = tuple(name.split("."))
    if parse := ROW_OPTIONS.get(path):
        return Column(path, parse)
    for unique in entity.unique_fields:
        if path == (MATCH, "uniqueKey", unique.name):
            return Column(path, _find_parser(unique))
    if column := _field_columns(entity).get(path):
        return column
    if (column := _field_columns(entity).get(path[:1])) and column.has_keys:
        return Column(path, _parse_text, True, {})
    raise BadUserInputError(
        f"The column {name[:100]!r} does not exist for {entity.name}.", _suggest_column(entity, name)
    )


@lru_cache(maxsize=256)
def _field_columns(entity: EntityInfo) -> Mapping[Path, Column]:
    return {column.path: column for field in writable_fields(entity) for column in build_csv_columns(field)}


@singledispatch
def build_csv_columns(field: Field) -> Iterable[Column]:
    """Return the columns that set a writable field."""
    raise NotImplementedError(f"No columns for {type(field).__name__}.")


@build_csv_columns.register
def _(field: ScalarField) -> Iterable[Column]:
    empty = None if field.nullable else field.default
    yield Column((field.name,), _find_parser(field), True, empty, field.scalar_type is JSON)


@build_csv_columns.register
def _(field: CompositeField) -> Iterable[Column]:
    return (Column((field.name, name), _find_parser(part), True) for name, part in field.parts.items())


@build_csv_columns.register
def _(field: ToOne) -> Iterable[Column]:
    return (Column((field.name, *path), _parse_text, True) for path in REFERENCE_PATHS)


def _find_parser(field: ScalarField) -> CellParser:
    return CELL_PARSERS.get(field.scalar_type, _parse_text)


def _suggest_column(entity: EntityInfo, name: str) -> str:
    """Return a hint: the most similar column name, or all of them."""
    names = [_join(path) for path in (*ROW_OPTIONS, *_field_columns(entity))]
    similar = get_close_matches(name, names, n=1)
    return f"Did you mean {similar[0]}?" if similar else f"The columns are {', '.join(names)}."


def _join(path: Path) -> str:
    return ".".join(path)
