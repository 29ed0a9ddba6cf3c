"""The recipe: a map that fits an entity, and makes the entity's rows from lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from tenure_core.catalog.catalog import CompositeField, EntityInfo, ScalarField, ToMany, ToOne
from tenure_core.entities.scalar_types import JSON
from tenure_core.write.rows.validate import writable_fields
from tenure_sdk.csv_import.external_keys import Line
from tenure_sdk.csv_import.field_sources import FOLDS, Ref, Source
from tenure_sdk.csv_import.import_map import ImportMap, MapError


class CompiledMap:
    """How the lines of a file become rows of an entity.

    Args:
        given: The map.
        entity: What the lines become.

    Raises:
        MapError: A field of the map is none of the entity, or can't come from where the map says.
    """

    def __init__(self, given: ImportMap, entity: EntityInfo) -> None:
        self.map = given
        self.entity = entity
        problems = [
            f"fields.{name}: {p}" for name, one in given.fields.items() if (p := _problem(entity, name, one))
        ]
        if problems:
            raise MapError(f"The map does not fit {entity.name}: {'; '.join(problems)}.")
        self._sources = list(given.fields.items())
        self._composites = {composite.name for composite in entity.composites}

    def refuse_header(self, header: Sequence[str]) -> None:
        """Return where a file has every column that the map names, once.

        Raises:
            MapError: It lacks one, or has one twice.
        """
        for column in self.map.columns:
            if column not in header:
                raise MapError(
                    f"The map names the column {column!r}, which the file lacks{_nearest(column, header)}."
                )
            if header.count(column) > 1:
                raise MapError(
                    f"The map names the column {column!r}, which the file has twice.", "Rename one."
                )

    def accepts(self, line: Line) -> bool:
        """Return whether a line counts."""
        return all(condition.holds(line) for condition in self.map.where)

    def key(self, line: Line) -> str:
        """Return what names a line's record in its system.

        Raises:
            ValueError: The line does not say.
        """
        key = self.map.key.read(line)
        if key is None:
            raise ValueError(f"{', '.join(self.map.key.columns)}: the key is empty")
        return key

    def read(self, line: Line, problems: list[str]) -> list[object]:
        """Return a line's value for each field, and add to the problems what can't be converted."""
        return [_read(name, source, line, problems) for name, source in self._sources]

    def fold(self, values: list[object], line: Line, problems: list[str]) -> None:
        """Add another line's values to those of its group."""
        for index, (name, source) in enumerate(self._sources):
            if source.take != "first":
                values[index] = FOLDS[source.take](values[index], _read(name, source, line, problems))

    def row(self, values: Sequence[object]) -> dict[str, object]:
        """Return the row for the API. Empty parts are left out; where all are empty, so is the whole."""
        row: dict[str, Any] = {}
        for (name, source), value in zip(self._sources, values, strict=True):
            _put(row, name.split("."), source.finish(value))
        for name in self._composites & row.keys():
            row[name] = row[name] or None
        return row


def _read(name: str, source: Source, line: Line, problems: list[str]) -> object:
    try:
        return source.read(line)
    except ValueError as error:
        problems.append(f"{name}: {error}")
        return None


def _put(row: dict[str, Any], path: Sequence[str], value: object) -> None:
    head, *rest = path
    if not rest:
        row[head] = value
        return
    inner = row.setdefault(head, {})
    if value is not None:
        _put(inner, rest, value)


def _problem(entity: EntityInfo, name: str, source: Source) -> str | None:
    head, *rest = name.split(".")
    one = entity.fields.get(head)
    if one is None:
        return f"{entity.name} has no field {head!r}{_nearest(head, _names(entity))}"
    if isinstance(one, ToMany):
        return f"{head} is a list that follows from its members; import those instead"
    if isinstance(one, ScalarField | CompositeField) and not one.writable:
        return "the platform sets it"
    if isinstance(one, ToOne) != isinstance(source, Ref):
        return "a reference, and nothing else, comes from `ref` and `system`"
    if isinstance(one, CompositeField) and rest and rest[0] not in one.parts:
        return f"{one.type_name} has no part {rest[0]!r}{_nearest(rest[0], one.parts)}"
    has_deeper_parts = isinstance(one, ScalarField) and one.scalar_type is JSON
    if len(rest) > isinstance(one, CompositeField) and not has_deeper_parts:
        return "it has no parts" if len(rest) == 1 else "its parts have no parts"
    return None


def _names(entity: EntityInfo) -> list[str]:
    return [one.name for one in writable_fields(entity)]


def _nearest(name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, list(known), n=1)
    return f" (did you mean {found[0]!r}?)" if found else f" (there are {', '.join(known)})"
