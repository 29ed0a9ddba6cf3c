"""An import map compiled for an entity: builds the rows of the entity from lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.fields import ScalarField, ToMany, ToOneRelation
from tenure_core.entities.scalar_types import JSON
from tenure_core.write.rows.validate import writable_fields
from tenure_sdk.csv_import.external_keys import Line
from tenure_sdk.csv_import.field_sources import COMBINERS, Ref, Source
from tenure_sdk.csv_import.import_map import ImportMap, MapError


class CompiledMap:
    """Builds the rows of an entity from lines.

    Args:
        import_map: The import map.
        entity: The entity.

    Raises:
        MapError: The entity lacks a field of the map, or the field can't have this source.
    """

    def __init__(self, import_map: ImportMap, entity: EntityInfo) -> None:
        self.map = import_map
        self.entity = entity
        problems = [
            f"fields.{name}: {problem}"
            for name, source in import_map.fields.items()
            if (problem := _find_problem(entity, name, source))
        ]
        if problems:
            raise MapError(f"The map does not match {entity.name}: {'; '.join(problems)}.")
        self._sources = list(import_map.fields.items())
        self._composites = {composite.name for composite in entity.composites}

    def check_header(self, header: Sequence[str]) -> None:
        """Check that a file has each column of the map exactly once.

        Raises:
            MapError: A column is missing or duplicate.
        """
        for column in self.map.columns:
            if column not in header:
                raise MapError(f"The file has no column {column!r}{_suggest(column, header)}.")
            if header.count(column) > 1:
                raise MapError(f"The file has several columns {column!r}.", "Rename one of them.")

    def accepts(self, line: Line) -> bool:
        """Return whether a line matches the conditions of the map."""
        return all(condition.matches(line) for condition in self.map.where)

    def build_key(self, line: Line) -> str:
        """Return the external id of a line's record.

        Raises:
            ValueError: The external id is empty.
        """
        key = self.map.key.read(line)
        if key is None:
            raise ValueError(f"{', '.join(self.map.key.columns)}: the key is empty")
        return key

    def read_values(self, line: Line, errors: list[str]) -> list[object]:
        """Return the values of a line, one per field of the map. Append conversion errors to `errors`."""
        return [_read_value(name, source, line, errors) for name, source in self._sources]

    def combine_values(self, values: list[object], line: Line, errors: list[str]) -> None:
        """Combine the values of a group with those of its next line. Append conversion errors to `errors`."""
        for index, (name, source) in enumerate(self._sources):
            if source.take != "first":
                value = _read_value(name, source, line, errors)
                values[index] = COMBINERS[source.take](values[index], value)

    def build_row(self, values: Sequence[object]) -> dict[str, object]:
        """Return the row of the upsert. Empty parts are omitted; a composite of empty parts is null."""
        row: dict[str, Any] = {}
        for (name, source), value in zip(self._sources, values, strict=True):
            _set_path(row, name.split("."), source.to_input(value))
        for name in self._composites & row.keys():
            row[name] = row[name] or None
        return row


def _read_value(name: str, source: Source, line: Line, errors: list[str]) -> object:
    try:
        return source.read(line)
    except ValueError as error:
        errors.append(f"{name}: {error}")
        return None


def _set_path(row: dict[str, Any], path: Sequence[str], value: object) -> None:
    head, *rest = path
    if not rest:
        row[head] = value
        return
    inner = row.setdefault(head, {})
    if value is not None:
        _set_path(inner, rest, value)


def _find_problem(entity: EntityInfo, name: str, source: Source) -> str | None:
    """Return why a field can't have a source; None if it can."""
    head, *rest = name.split(".")
    field = entity.fields.get(head)
    if field is None:
        names = [field.name for field in writable_fields(entity)]
        return f"{entity.name} has no field {head!r}{_suggest(head, names)}"
    if isinstance(field, ToMany):
        return f"{head} is a list of related records; import those records instead"
    if not field.writable:
        return "the field is read-only"
    if isinstance(field, ToOneRelation) != isinstance(source, Ref):
        return "`ref` and `system` are required for, and only for, a reference"
    if isinstance(field, ScalarField) and field.scalar_type is JSON:
        return None
    form = field.stored_form
    parts = form if isinstance(form, Mapping) and not isinstance(source, Ref) else {}
    if parts and rest and rest[0] not in parts:
        return f"{head} has no part {rest[0]!r}{_suggest(rest[0], parts)}"
    if len(rest) > bool(parts):
        return "the field has no parts" if len(rest) == 1 else "the part has no parts"
    return None


def _suggest(name: str, names: Iterable[str]) -> str:
    names = list(names)
    matches = get_close_matches(name, names, n=1)
    return f" (did you mean {matches[0]!r}?)" if matches else f" (available: {', '.join(names)})"
