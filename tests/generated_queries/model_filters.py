"""Filters of the model. Conditions are true or false: a null matches no comparison."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from tests.generated_queries.sample import Row, Sample

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.external_refs import EXTERNAL_REFS, REF_FIELDS
from tenure_core.catalog.fields import CompositeField, ScalarField, ToMany, ToOne
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
        catalog: The catalog.
        rows: All rows, for conditions on related rows.
    """

    def __init__(self, catalog: Catalog, rows: Sample) -> None:
        self.catalog = catalog
        self.rows = rows

    def select(self, entity: EntityInfo, rows: list[Row], where: Any) -> list[Row]:
        """Return the rows that match a filter; deleted rows only if the filter mentions deletedAt."""
        visible = rows if mentions_deletion(where) else [row for row in rows if row["deletedAt"] is None]
        return [row for row in visible if self.matches(entity, row, where)]

    def matches(self, entity: EntityInfo, row: Row, where: Any) -> bool:
        """Return whether a row matches all entries of a filter; entries that are null are ignored."""
        entries = [(name, value) for name, value in (where or {}).items() if value is not None]
        return all(self._matches_entry(entity, row, name, value) for name, value in entries)

    def _matches_entry(self, entity: EntityInfo, row: Row, name: str, value: Any) -> bool:
        match name:
            case "and":
                return all(self.matches(entity, row, part) for part in value)
            case "or":
                return any(self.matches(entity, row, part) for part in value)
            case "not":
                return not self.matches(entity, row, value)
            case "search":
                return matches_search(value, " ".join(row[column] or "" for column in SEARCHED[entity.name]))
            case "externalRefs":
                return _match_external_refs(row[EXTERNAL_REFS], value)
        match entity.fields[name]:
            case ScalarField() as field:
                return matches_operators(field.scalar_type, row[name], value)
            case CompositeField() as composite:
                return _matches_composite(composite, row[name], value)
            case relation:
                return self._matches_relation(relation, row, value)

    def _matches_relation(self, relation: ToOne | ToMany, row: Row, value: Any) -> bool:
        target = self.catalog[relation.target]
        related = self.related(relation, row)

        def match_rows(where: Any) -> list[bool]:
            visible = related if mentions_deletion(where) else [r for r in related if r["deletedAt"] is None]
            return [self.matches(target, r, where) for r in visible]

        return all(QUANTIFIERS[name](match_rows(where)) for name, where in value.items() if where is not None)

    def related(self, relation: ToOne | ToMany, row: Row) -> list[Row]:
        """Return the related rows, including deleted rows."""
        others = self.rows[relation.target]
        if isinstance(relation, ToOne):
            return [other for other in others if other["id"] == row[relation.name]]
        reference = next(
            r.name for r in self.catalog[relation.target].references if r.column is relation.column
        )
        return [other for other in others if other[reference] == row["id"]]


def mentions_deletion(where: Any) -> bool:
    """Return whether a filter mentions deletedAt, outside of filters on related rows."""
    entries = [(name, value) for name, value in (where or {}).items() if value is not None]
    inner = [part for name, value in entries if name in ("and", "or") for part in value]
    inner += [value for name, value in entries if name == "not"]
    return bool(dict(entries).get("deletedAt")) or any(map(mentions_deletion, inner))


QUANTIFIERS: dict[str, Callable[[list[bool]], bool]] = {
    "some": any,
    "none": lambda results: not any(results),
    "every": all,
}


def _match_external_refs(refs: list[Row], value: Any) -> bool:
    def match_refs(where: Row) -> list[bool]:
        operators = [(name, inner) for name, inner in where.items() if inner is not None]
        return [
            all(
                matches_operators(REF_FIELDS[name].scalar_type, ref[name], inner) for name, inner in operators
            )
            for ref in refs
        ]

    return all(QUANTIFIERS[name](match_refs(where)) for name, where in value.items() if where is not None)


def _matches_composite(field: CompositeField, value: Row | None, where: Any) -> bool:
    def part(name: str, inner: Any) -> bool:
        if name == "isNull":
            return (value is None) == inner
        return matches_operators(field.parts[name].scalar_type, None if value is None else value[name], inner)

    return all(part(name, inner) for name, inner in where.items() if inner is not None)


def matches_operators(scalar_type: ScalarType, value: Any, operands: Mapping[str, Any]) -> bool:
    """Return whether a value matches all operators."""
    operators = {STRING_LIST: LISTS, JSON: DOCUMENTS}.get(scalar_type, PLAIN)
    return all(
        operators[name](value, parse_value(scalar_type, operand)) for name, operand in operands.items()
    )


def parse_value(scalar_type: ScalarType, operand: Any) -> Any:
    """Return the value of an argument as in rows."""
    if isinstance(operand, list):
        return [parse_value(scalar_type, item) for item in operand]
    if not isinstance(operand, str):
        return operand
    if scalar_type == ID:
        return str(uuid.UUID(operand))
    if scalar_type == DATE:
        return date.fromisoformat(operand)
    if scalar_type == DATE_TIME:
        moment = datetime.fromisoformat(operand)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return operand


Operator = Callable[[Any, Any], bool]

PLAIN: dict[str, Operator] = {
    "eq": lambda value, operand: value is not None and value == operand,
    "ne": lambda value, operand: value is None or value != operand,
    "in": lambda value, operand: value is not None and value in operand,
    "notIn": lambda value, operand: value is None or value not in operand,
    "lt": lambda value, operand: value is not None and value < operand,
    "lte": lambda value, operand: value is not None and value <= operand,
    "gt": lambda value, operand: value is not None and value > operand,
    "gte": lambda value, operand: value is not None and value >= operand,
    "contains": lambda value, operand: value is not None and operand in value,
    "startsWith": lambda value, operand: value is not None and value.startswith(operand),
    "endsWith": lambda value, operand: value is not None and value.endswith(operand),
    "isNull": lambda value, operand: (value is None) == operand,
}
LISTS: dict[str, Operator] = {
    "has": lambda value, operand: operand in value,
    "hasEvery": lambda value, operand: set(operand) <= set(value),
    "hasSome": lambda value, operand: bool(set(operand) & set(value)),
    "isEmpty": lambda value, operand: (value == []) == operand,
}
DOCUMENTS: dict[str, Operator] = {
    "contains": lambda value, operand: contains(value, operand),
    "hasKey": lambda value, operand: operand in value,
    "at": lambda value, operand: _matches_at_path(value, operand),
}
PATH_OPERATORS: dict[str, Operator] = {
    "eq": lambda value, operand: value is not MISSING and same(value, operand),
    "ne": lambda value, operand: value is MISSING or not same(value, operand),
    "in": lambda value, operand: value is not MISSING and any(same(value, item) for item in operand),
    "lt": lambda value, operand: _is_number(value) and value < operand,
    "lte": lambda value, operand: _is_number(value) and value <= operand,
    "gt": lambda value, operand: _is_number(value) and value > operand,
    "gte": lambda value, operand: _is_number(value) and value >= operand,
    "isNull": lambda value, operand: (value is MISSING or value is None) == operand,
}
MISSING = object()
"""The value at a path that a document does not contain."""


def _matches_at_path(document: Any, where: Mapping[str, Any]) -> bool:
    value = document
    for step in where["path"]:
        value = _get_item(value, step)
    return all(PATH_OPERATORS[name](value, operand) for name, operand in where.items() if name != "path")


def _get_item(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step, MISSING)
    if isinstance(value, list) and re.fullmatch(r"-?\d+", step) and -len(value) <= int(step) < len(value):
        return value[int(step)]
    return MISSING


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(left: Any, right: Any) -> bool:
    """Return whether two JSON values are equal: 1 equals 1.0, but not true."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def contains(value: Any, operand: Any) -> bool:
    """Return whether a JSON value contains another, as the operator @> of PostgreSQL (manual, 8.14.3)."""
    if isinstance(value, dict) and isinstance(operand, dict):
        return all(key in value and contains(value[key], inner) for key, inner in operand.items())
    if isinstance(value, list) and isinstance(operand, list):
        return all(any(contains(item, inner) for item in value) for inner in operand)
    return same(value, operand)


UNSPACED = "[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff]"
"""The Chinese, Japanese and Korean characters of the sample."""


def matches_search(query: str, text: str) -> bool:
    """Return whether every token of a query is a prefix of a token of the text."""
    prefixes = _tokenize(query, is_query=True)
    tokens = _tokenize(text, is_query=False)
    return bool(prefixes) and all(any(token.startswith(prefix) for token in tokens) for prefix in prefixes)


def _tokenize(text: str, *, is_query: bool) -> list[str]:
    form = unicodedata.normalize("NFKC", text).lower()
    spaced = re.sub(UNSPACED, " ", form)
    words = re.sub(r"[\W_]", " ", spaced).split()
    for run in re.findall(f"{UNSPACED}+", form):
        words += [run[i : i + 2] for i in range(len(run) - 1)]
        if len(run) == 1 or not is_query:
            words.append(run[-1])
    return words
