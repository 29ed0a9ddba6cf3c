"""The model's filters: whether a row fulfils a `where`. Two-valued: an empty value fulfils no comparison."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from tests.generated_queries.sample import Row, Sample

from tenure_core.catalog.catalog import Catalog, CompositeField, EntityInfo, ScalarField, ToMany, ToOne
from tenure_core.catalog.external_refs import EXTERNAL_REFS, REF_FIELDS
from tenure_core.entities.scalar_types import DATE, DATE_TIME, ID, JSON, STRING_LIST, ScalarType

SEARCHED = {
    "Account": ("name", "industry", "website", "email"),
    "Contact": ("firstName", "lastName", "email", "title"),
    "Activity": ("subject", "body"),
}
"""The search columns of each entity."""


class Filters:
    """Applies filters to rows.

    Args:
        catalog: What there is.
        rows: All rows, for conditions on related ones.
    """

    def __init__(self, catalog: Catalog, rows: Sample) -> None:
        self.catalog = catalog
        self.rows = rows

    def chosen(self, entity: EntityInfo, rows: list[Row], where: Any) -> list[Row]:
        """Return the rows that fulfil a filter, deleted ones only if it speaks of deletedAt."""
        seen = rows if mentions_deletion(where) else [row for row in rows if row["deletedAt"] is None]
        return [row for row in seen if self.holds(entity, row, where)]

    def holds(self, entity: EntityInfo, row: Row, where: Any) -> bool:
        """Whether all entries of a filter hold; one that is null is as good as left out."""
        entries = [(name, value) for name, value in (where or {}).items() if value is not None]
        return all(self._entry(entity, row, name, value) for name, value in entries)

    def _entry(self, entity: EntityInfo, row: Row, name: str, value: Any) -> bool:
        match name:
            case "and":
                return all(self.holds(entity, row, part) for part in value)
            case "or":
                return any(self.holds(entity, row, part) for part in value)
            case "not":
                return not self.holds(entity, row, value)
            case "search":
                return found(value, " ".join(row[column] or "" for column in SEARCHED[entity.name]))
            case "externalRefs":
                return _keys(row[EXTERNAL_REFS], value)
        match entity.fields[name]:
            case ScalarField() as field:
                return fulfils(field.scalar_type, row[name], value)
            case CompositeField() as composite:
                return _composite(composite, row[name], value)
            case relation:
                return self._related(relation, row, value)

    def _related(self, relation: ToOne | ToMany, row: Row, value: Any) -> bool:
        target = self.catalog[relation.target]
        related = self.related(relation, row)

        def held(where: Any) -> list[bool]:
            seen = related if mentions_deletion(where) else [r for r in related if r["deletedAt"] is None]
            return [self.holds(target, r, where) for r in seen]

        return all(QUANTIFIERS[name](held(where)) for name, where in value.items() if where is not None)

    def related(self, relation: ToOne | ToMany, row: Row) -> list[Row]:
        """Return the rows on the other side of a relation, deleted ones too."""
        others = self.rows[relation.target]
        if isinstance(relation, ToOne):
            return [other for other in others if other["id"] == row[relation.name]]
        reference = next(
            r.name for r in self.catalog[relation.target].references if r.column is relation.column
        )
        return [other for other in others if other[reference] == row["id"]]


def mentions_deletion(where: Any) -> bool:
    """Whether a filter itself speaks of deletedAt, not only of that of related rows."""
    entries = [(name, value) for name, value in (where or {}).items() if value is not None]
    inner = [part for name, value in entries if name in ("and", "or") for part in value]
    inner += [value for name, value in entries if name == "not"]
    return bool(dict(entries).get("deletedAt")) or any(map(mentions_deletion, inner))


QUANTIFIERS: dict[str, Callable[[list[bool]], bool]] = {
    "some": any,
    "none": lambda held: not any(held),
    "every": all,
}


def _keys(refs: list[Row], value: Any) -> bool:
    def held(where: Row) -> list[bool]:
        given = [(name, inner) for name, inner in where.items() if inner is not None]
        return [
            all(fulfils(REF_FIELDS[name].scalar_type, ref[name], inner) for name, inner in given)
            for ref in refs
        ]

    return all(QUANTIFIERS[name](held(where)) for name, where in value.items() if where is not None)


def _composite(field: CompositeField, value: Row | None, given: Any) -> bool:
    def part(name: str, inner: Any) -> bool:
        if name == "isNull":
            return (value is None) == inner
        return fulfils(field.parts[name].scalar_type, None if value is None else value[name], inner)

    return all(part(name, inner) for name, inner in given.items() if inner is not None)


def fulfils(kind: ScalarType, value: Any, given: Mapping[str, Any]) -> bool:
    """Whether a value fulfils all of the given operators."""
    operators = {STRING_LIST: LISTS, JSON: DOCUMENTS}.get(kind, PLAIN)
    return all(operators[name](value, read(kind, wanted)) for name, wanted in given.items())


def read(kind: ScalarType, wanted: Any) -> Any:
    """Return a client's value as rows hold such values."""
    if isinstance(wanted, list):
        return [read(kind, one) for one in wanted]
    if not isinstance(wanted, str):
        return wanted
    if kind == ID:
        return str(uuid.UUID(wanted))
    if kind == DATE:
        return date.fromisoformat(wanted)
    if kind == DATE_TIME:
        moment = datetime.fromisoformat(wanted)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return wanted


Operator = Callable[[Any, Any], bool]

PLAIN: dict[str, Operator] = {
    "eq": lambda value, wanted: value is not None and value == wanted,
    "ne": lambda value, wanted: value is None or value != wanted,
    "in": lambda value, wanted: value is not None and value in wanted,
    "notIn": lambda value, wanted: value is None or value not in wanted,
    "lt": lambda value, wanted: value is not None and value < wanted,
    "lte": lambda value, wanted: value is not None and value <= wanted,
    "gt": lambda value, wanted: value is not None and value > wanted,
    "gte": lambda value, wanted: value is not None and value >= wanted,
    "contains": lambda value, wanted: value is not None and wanted in value,
    "startsWith": lambda value, wanted: value is not None and value.startswith(wanted),
    "endsWith": lambda value, wanted: value is not None and value.endswith(wanted),
    "isNull": lambda value, wanted: (value is None) == wanted,
}
LISTS: dict[str, Operator] = {
    "has": lambda value, wanted: wanted in value,
    "hasEvery": lambda value, wanted: set(wanted) <= set(value),
    "hasSome": lambda value, wanted: bool(set(wanted) & set(value)),
    "isEmpty": lambda value, wanted: (value == []) == wanted,
}
DOCUMENTS: dict[str, Operator] = {
    "contains": lambda value, wanted: contains(value, wanted),
    "hasKey": lambda value, wanted: wanted in value,
    "at": lambda value, wanted: _at(value, wanted),
}
PLACES: dict[str, Operator] = {
    "eq": lambda value, wanted: value is not MISSING and same(value, wanted),
    "ne": lambda value, wanted: value is MISSING or not same(value, wanted),
    "in": lambda value, wanted: value is not MISSING and any(same(value, one) for one in wanted),
    "lt": lambda value, wanted: _is_number(value) and value < wanted,
    "lte": lambda value, wanted: _is_number(value) and value <= wanted,
    "gt": lambda value, wanted: _is_number(value) and value > wanted,
    "gte": lambda value, wanted: _is_number(value) and value >= wanted,
    "isNull": lambda value, wanted: (value is MISSING or value is None) == wanted,
}
MISSING = object()
"""What lies at a place that a document does not have."""


def _at(document: Any, given: Mapping[str, Any]) -> bool:
    value = document
    for step in given["path"]:
        value = _step(value, step)
    return all(PLACES[name](value, wanted) for name, wanted in given.items() if name != "path")


def _step(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step, MISSING)
    if isinstance(value, list) and re.fullmatch(r"-?\d+", step) and -len(value) <= int(step) < len(value):
        return value[int(step)]
    return MISSING


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def contains(value: Any, wanted: Any) -> bool:
    """Whether a JSON value contains another, as PostgreSQL's manual says of @> (8.14.3)."""
    if isinstance(value, dict) and isinstance(wanted, dict):
        return all(key in value and contains(value[key], inner) for key, inner in wanted.items())
    if isinstance(value, list) and isinstance(wanted, list):
        return all(any(contains(one, inner) for one in value) for inner in wanted)
    return same(value, wanted)


UNSPACED = "[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff]"
"""The letters of Chinese, Japanese and Korean that the sample uses."""


def found(query: str, text: str) -> bool:
    """Whether every piece of a query begins a piece of the text; a query without pieces finds nothing."""
    asked = _pieces(query, asking=True)
    held = _pieces(text, asking=False)
    return bool(asked) and all(any(piece.startswith(one) for piece in held) for one in asked)


def _pieces(text: str, *, asking: bool) -> list[str]:
    form = unicodedata.normalize("NFKC", text).lower()
    spaced = re.sub(UNSPACED, " ", form)
    words = re.sub(r"[\W_]", " ", spaced).split()
    for run in re.findall(f"{UNSPACED}+", form):
        words += [run[i : i + 2] for i in range(len(run) - 1)]
        if len(run) == 1 or not asking:
            words.append(run[-1])
    return words
