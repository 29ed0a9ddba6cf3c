"""A model of queries in memory: the executor of graphql-core over lists of dicts, without plans and SQL.

It builds a schema from the SDL, so that no resolver of Tenure runs: records, pages and groups are dicts whose
values are either values of fields, or functions that graphql-core calls with the arguments of the field.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from graphql import build_schema, execute_sync, parse
from tests.generated_queries.model_filters import Filters, parse_value
from tests.generated_queries.model_groups import Group, group_rows, matches_having, truncate
from tests.generated_queries.sample import Row, Sample

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.external_refs import EXTERNAL_REFS
from tenure_core.catalog.fields import ToOne
from tenure_core.entities.naming import camel_case, upper_case

Names = tuple[str, ...]


class Cursor(str):
    """A cursor in a response of the model: the id of the record, because real cursors are opaque."""


@dataclass(frozen=True)
class Key:
    """One sort key."""

    value: Callable[[Any], Any]
    descending: bool
    nulls_first: bool


def sort_items(items: Iterable[Any], keys: Sequence[Key]) -> list[Any]:
    """Return items sorted by several keys: by the last key first, because sorting is stable."""
    result = list(items)
    for key in reversed(keys):
        nulls = [item for item in result if key.value(item) is None]
        others = [item for item in result if key.value(item) is not None]
        others.sort(key=key.value, reverse=key.descending)
        result = nulls + others if key.nulls_first else others + nulls
    return result


def row_of(cursor: str) -> str:
    """Return the id of the record of a real cursor: its last value."""
    return str(json.loads(base64.urlsafe_b64decode(cursor))[-1])


class MemoryModel:
    """Executes queries in memory.

    Args:
        sdl: The printed schema.
        catalog: The catalog.
        rows: The rows of one tenant.
    """

    def __init__(self, sdl: str, catalog: Catalog, rows: Sample) -> None:
        self.schema = build_schema(sdl)
        self.catalog = catalog
        self.rows = rows
        self.filters = Filters(catalog, rows)
        self.paths = {e.name: self._paths(e) for e in catalog.entities.values()}

    def execute(self, text: str, variables: Row, operation_name: str | None = None) -> Row:
        """Return the data of the response to a valid query."""
        result = execute_sync(
            self.schema, parse(text), self._root(), variable_values=variables, operation_name=operation_name
        )
        if result.errors:
            raise result.errors[0]
        assert result.data is not None
        return result.data

    def _root(self) -> Row:
        fields: Row = {
            "node": lambda info, id: self._node(id),
            "nodes": lambda info, ids: [self._node(id) for id in ids],
        }
        for entity in self.catalog.entities.values():
            rows = self.rows[entity.name]
            fields[entity.singular] = lambda info, id, entity=entity: self._record_by_id(entity, id)
            fields[f"{entity.singular}ByExternalRef"] = partial(self._record_by_external_ref, entity)
            fields[entity.plural] = partial(self._page, entity, rows)
            fields[f"{entity.plural}Aggregate"] = partial(self._groups, entity, rows)
        return fields

    def _node(self, id_: str) -> Row | None:
        records = (self._record_by_id(entity, id_) for entity in self.catalog.entities.values())
        return next((record for record in records if record), None)

    def _record_by_id(self, entity: EntityInfo, id_: str | None) -> Row | None:
        row = self._find_row(entity, id_)
        return None if row is None else self._record(entity, row)

    def _find_row(self, entity: EntityInfo, id_: str | None) -> Row | None:
        parsed = None if id_ is None else parse_value(entity.id.scalar_type, id_)
        return next((r for r in self.rows[entity.name] if r["id"] == parsed and r["deletedAt"] is None), None)

    def _record_by_external_ref(
        self,
        entity: EntityInfo,
        info: Any,
        system: str,
        externalId: str,  # noqa: N803  # the name in the API
    ) -> Row | None:
        key = system, externalId
        rows = self.rows[entity.name]
        ids = [r["id"] for r in rows for ref in r[EXTERNAL_REFS] if (ref["system"], ref["externalId"]) == key]
        return self._record_by_id(entity, *ids) if ids else None

    def _record(self, entity: EntityInfo, row: Row) -> Row:
        fields: Row = {"__typename": entity.name, **{name: render(value) for name, value in row.items()}}
        refs = sorted(row[EXTERNAL_REFS], key=lambda ref: (ref["system"], ref["externalId"]))
        fields[EXTERNAL_REFS] = [{name: render(value) for name, value in ref.items()} for ref in refs]
        for reference in entity.references:
            target = self.catalog[reference.target]
            fields[reference.name] = lambda info, target=target, id_=row[reference.name]: self._record_by_id(
                target, id_
            )
        for relation in entity.to_many:
            target, rows = self.catalog[relation.target], self.filters.related(relation, row)
            fields[relation.name] = partial(self._page, target, rows)
            fields[f"{relation.name}Aggregate"] = partial(self._groups, target, rows)
        return fields

    def _page(
        self,
        entity: EntityInfo,
        rows: list[Row],
        info: Any,
        where: Any = None,
        orderBy: Any = None,  # noqa: N803  # the name in the API
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Row:
        order = self._order(entity, orderBy)
        positions = {
            row["id"]: position for position, row in enumerate(sort_items(self.rows[entity.name], order))
        }
        start = -1 if after is None else positions[row_of(after)]
        end = len(positions) if before is None else positions[row_of(before)]
        matching = sort_items(self.filters.select(entity, rows, where), order)
        between = [row for row in matching if start < positions[row["id"]] < end]
        size = 20 if first is None else first
        page = between[:size] if last is None else between[max(len(between) - last, 0) :]
        more = len(page) < len(between)
        return {
            "nodes": [self._record(entity, row) for row in page],
            "edges": [{"cursor": Cursor(row["id"]), "node": self._record(entity, row)} for row in page],
            "totalCount": len(matching),
            "pageInfo": {
                "hasNextPage": (more and last is None) or any(positions[r["id"]] >= end for r in matching),
                "hasPreviousPage": (more and last is not None)
                or any(positions[r["id"]] <= start for r in matching),
                "startCursor": Cursor(page[0]["id"]) if page else None,
                "endCursor": Cursor(page[-1]["id"]) if page else None,
            },
        }

    def _order(self, entity: EntityInfo, order_by: Any) -> list[Key]:
        default = [{"field": upper_case(entity.order), "direction": "DESC" if entity.descending else "ASC"}]
        keys = [
            Key(partial(self._value, entity, self.paths[entity.name][item["field"]]), *_direction(item))
            for item in order_by or default
        ]
        return [*keys, Key(lambda row: row["id"], keys[-1].descending, False)]

    def _paths(self, entity: EntityInfo) -> dict[str, Names]:
        """Return the sort and group fields: the field path of each enum value."""
        paths = {(reference.name,) for reference in entity.references} | set(_own_paths(entity))
        for reference in entity.references:
            paths |= {(reference.name, *names) for names in _own_paths(self.catalog[reference.target])}
        return {"_".join(map(upper_case, names)): names for names in paths}

    def _value(self, entity: EntityInfo, names: Names, row: Row) -> Any:
        head, *rest = names
        field = entity.fields[head]
        if rest and isinstance(field, ToOne):
            target = self.catalog[field.target]
            other = self._find_row(target, row[head])
            return None if other is None else self._value(target, tuple(rest), other)
        value = row[head]
        return value[rest[0]] if rest and value is not None else value

    def _groups(
        self,
        entity: EntityInfo,
        rows: list[Row],
        info: Any,
        where: Any = None,
        groupBy: Any = None,  # noqa: N803  # the name in the API
        having: Any = None,
        orderBy: Any = None,  # noqa: N803  # the name in the API
        first: int | None = None,
    ) -> list[Row]:
        by = groupBy or []
        paths = [self.paths[entity.name][item["field"]] for item in by]
        buckets = [item.get("bucket") for item in by]
        keys = [
            lambda row, names=names, bucket=bucket: truncate(self._value(entity, names, row), bucket)
            for names, bucket in zip(paths, buckets, strict=True)
        ]
        groups = [
            g for g in group_rows(self.filters.select(entity, rows, where), keys) if matches_having(g, having)
        ]
        order = [_group_order(item, [item["field"] for item in by]) for item in orderBy or []]
        rest = [Key(lambda group, i=i: group.key[i], False, False) for i in range(len(by))]
        sorted_groups = sort_items(groups, [*order, *rest])
        return [
            self._group(entity, group, paths) for group in sorted_groups[: 100 if first is None else first]
        ]

    def _group(self, entity: EntityInfo, group: Group, paths: list[Names]) -> Row:
        key = {_field_name(names): render(value) for names, value in zip(paths, group.key, strict=True)}
        for reference in entity.references:
            target = self.catalog[reference.target]
            if reference.name in key:
                key[reference.name] = self._record_by_id(target, key[reference.name])
        measures = {f: self._measures(entity, group, f) for f in ("sum", "average", "minimum", "maximum")}
        return {"key": key, "count": len(group.rows), **measures}

    def _measures(self, entity: EntityInfo, group: Group, function: str) -> Row:
        return {
            name: lambda info, name=name: render(group.measure(function, name))
            for name in (*(f.name for f in entity.scalars), *(f.name for f in entity.composites))
        }


def _own_paths(entity: EntityInfo) -> list[Names]:
    parts = [(composite.name, part) for composite in entity.composites for part in composite.parts]
    return [*((field.name,) for field in entity.scalars), *parts]


def _field_name(names: Names) -> str:
    head, *rest = names
    return head + "".join(name[0].upper() + name[1:] for name in rest)


def _direction(item: Row) -> tuple[bool, bool]:
    return item.get("direction") == "DESC", item.get("nulls") == "FIRST"


def _group_order(item: Row, keys: list[str]) -> Key:
    if item.get("key") is not None:
        position = keys.index(item["key"])
        return Key(lambda group: group.key[position], *_direction(item))
    if item["function"] == "COUNT":
        return Key(lambda group: len(group.rows), *_direction(item))
    return Key(lambda group: group.number(item["function"].lower(), camel(item["field"])), *_direction(item))


def camel(constant: str) -> str:
    """Return the field name of an enum value: OCCURRED_AT becomes occurredAt."""
    return camel_case(constant.lower())


def render(value: Any) -> Any:
    """Return a value as in a response: times in UTC, without trailing zeros of the seconds."""
    if isinstance(value, datetime):
        text = value.isoformat()
        return re.sub(r"(\.\d*?)0+\+", r"\1+", text)
    return value.isoformat() if isinstance(value, date) else value
