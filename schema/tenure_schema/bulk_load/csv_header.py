"""Columns: which place of a row each column of a table fills, and how its cells are read. Pure.

A cell that can't be read is handed on as the text that it is: the entity's own rules then say what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

import orjson

from tenure_core.catalog.catalog import CompositeField, EntityInfo, ScalarField, ToOne
from tenure_core.entities.scalar_types import BIG_INT, BOOLEAN, FLOAT, INT, JSON, STRING_LIST, ScalarType
from tenure_core.errors import BadUserInputError
from tenure_core.write.rows.pending_row import EXPECTED_VERSION
from tenure_core.write.rows.upsert_row import MATCH, ON_CONFLICT, SOURCE_VERSION, URL
from tenure_core.write.rows.validate import writable_fields

WHOLE_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?", re.ASCII)

Path = tuple[str, ...]
Read = Callable[[str], object]

REFERENCE: Collection[Path] = (("id",), ("externalRef", "system"), ("externalRef", "id"))
"""The places of a value that names a record."""


def _text(cell: str) -> object:
    return cell


def _whole_number(cell: str) -> object:
    return int(cell) if WHOLE_NUMBER.fullmatch(cell) else cell


def _number(cell: str) -> object:
    return float(cell) if NUMBER.fullmatch(cell) else cell


def _truth(cell: str) -> object:
    return {"true": True, "false": False}.get(cell.lower(), cell)


def _json(cell: str) -> object:
    try:
        return orjson.loads(cell)
    except orjson.JSONDecodeError:
        return cell


READERS: Mapping[ScalarType, Read] = {
    INT: _whole_number,
    BIG_INT: _whole_number,
    FLOAT: _number,
    BOOLEAN: _truth,
    JSON: _json,
    STRING_LIST: _json,
}
"""What reads the cells of each kind; cells of all other kinds are texts in JSON, too."""

ABOUT_THE_ROW: Mapping[Path, Read] = {
    **{(MATCH, *place): _text for place in REFERENCE},
    (ON_CONFLICT,): _text,
    (EXPECTED_VERSION,): _whole_number,
    (SOURCE_VERSION,): _text,
    (URL,): _text,
}
"""What a row may have beside the fields of its record. An empty cell of these says nothing."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Args:
        path: The place that it fills.
        read: How its cells are read.
        empties: Whether an empty cell empties the field; else it says nothing.
        empty: What the field then is, unless another column fills a part of it.
    """

    path: Path
    read: Read
    empties: bool = False
    empty: object = None


class Header:
    """The columns of a table.

    Args:
        entity: What its rows are of.
        names: The names of the columns.

    Raises:
        BadUserInputError: One is no place of a row, or two are the same, or none says which record is meant.
    """

    def __init__(self, entity: EntityInfo, names: Sequence[str]) -> None:
        self._columns = [_column(entity, name.strip()) for name in names]
        self._references = [one.name for one in entity.references]
        paths = sorted(column.path for column in self._columns)
        for one, other in pairwise(paths):
            if other[: len(one)] == one:
                raise BadUserInputError(f"The columns {_name(one)} and {_name(other)} fill the same place.")
        if not any(path[0] == MATCH for path in paths):
            raise BadUserInputError(
                "No column says which record a row means.",
                "Name them match.externalRef.system and match.externalRef.id, or match.id.",
            )

    def row(self, cells: Sequence[str]) -> dict[str, Any]:
        """Return the row that the cells of a line say.

        Raises:
            ValueError: There are more or fewer cells than columns.
        """
        if len(cells) != len(self._columns):
            raise ValueError(f"the row has {len(cells)} cells, and the header has {len(self._columns)}")
        row: dict[str, Any] = {}
        for column, cell in zip(self._columns, cells, strict=True):
            if cell:
                _put(row, column.path, column.read(cell))
            elif column.empties:
                row.setdefault(column.path[0], column.empty)
        for name in self._references:
            if (named := row.get(name)) and "id" not in {**named, **named.get("externalRef", {})}:
                row[name] = None
        return row


def _put(row: dict[str, Any], path: Path, value: object) -> None:
    *outer, last = path
    for name in outer:
        row[name] = row = row.get(name) or {}
    row[last] = value


def _column(entity: EntityInfo, name: str) -> Column:
    path = tuple(name.split("."))
    if read := ABOUT_THE_ROW.get(path):
        return Column(path, read)
    for unique in entity.unique_fields:
        if path == (MATCH, "uniqueKey", unique.name):
            return Column(path, _reader(unique))
    fields = {one.name: one for one in writable_fields(entity)}
    match fields.get(path[0]), path[1:]:
        case ScalarField() as one, ():
            return Column(path, _reader(one), True, None if one.nullable else one.default)
        case ScalarField(scalar_type=kind), (*_, _) if kind is JSON:
            return Column(path, _text, True, {})
        case CompositeField(parts=parts), (part,) if part in parts:
            return Column(path, _reader(parts[part]), True)
        case ToOne(), inner if inner in REFERENCE:
            return Column(path, _text, True)
    raise BadUserInputError(f"There is no column {name[:100]!r} for {entity.name}.", _hint(entity, name))


def _reader(one: ScalarField) -> Read:
    return READERS.get(one.scalar_type, _text)


def _hint(entity: EntityInfo, name: str) -> str:
    """Return what else the name of a column may be."""
    known = [_name(path) for path in ABOUT_THE_ROW]
    for one in writable_fields(entity):
        if isinstance(one, CompositeField):
            known += [f"{one.name}.{part}" for part in one.parts]
        elif isinstance(one, ToOne):
            known += [_name((one.name, *place)) for place in REFERENCE]
        else:
            known.append(one.name)
    near = get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."


def _name(path: Path) -> str:
    return ".".join(path)
