"""A model of reading: graphql-core's own executor over lists of dicts, which knows no plan and no SQL.

It takes the schema as printed, so that nothing of ours resolves a field: records, pages and groups are dicts
whose values are what graphql-core's default resolver returns, or calls with the field's arguments.
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
from tests.generated_queries.model_filters import Filters, read
from tests.generated_queries.model_groups import Group, cut, grouped, qualifies
from tests.generated_queries.sample import Row, Sample

from tenure_core.catalog.catalog import Catalog, EntityInfo, ToOne
from tenure_core.catalog.external_refs import EXTERNAL_REFS
from tenure_core.entities.naming import camel_case, upper_case

Names = tuple[str, ...]


class Cursor(str):
    """A cursor in the model's answer: the id of the row that it stands at, for a real one may be any text."""


@dataclass(frozen=True)
class Key:
    """One key of an order."""

    value: Callable[[Any], Any]
    descending: bool
    nulls_first: bool


def ordered(items: Iterable[Any], keys: Sequence[Key]) -> list[Any]:
    """Return items in an order: sorted by the last key first, since sorting keeps equal ones as they were."""
    found = list(items)
    for key in reversed(keys):
        empty = [item for item in found if key.value(item) is None]
        filled = [item for item in found if key.value(item) is not None]
        filled.sort(key=key.value, reverse=key.descending)
        found = empty + filled if key.nulls_first else filled + empty
    return found


def row_of(cursor: str) -> str:
    """Return the id of the row that a real cursor stands at: the last value in it."""
    return str(json.loads(base64.urlsafe_b64decode(cursor))[-1])


class MemoryModel:
    """Answers questions.

    Args:
        sdl: The schema as printed.
        catalog: What there is.
        rows: The rows of one tenant.
    """

    def __init__(self, sdl: str, catalog: Catalog, rows: Sample) -> None:
        self.schema = build_schema(sdl)
        self.catalog = catalog
        self.rows = rows
        self.filters = Filters(catalog, rows)
        self.paths = {e.name: self._paths(e) for e in catalog.entities.values()}

    def answer(self, text: str, variables: Row, operation_name: str | None = None) -> Row:
        """Return the data that answers a valid question."""
        result = execute_sync(
            self.schema, parse(text), self._root(), variable_values=variables, operation_name=operation_name
        )
        if result.errors:
            raise result.errors[0]
        assert result.data is not None
        return result.data

    def _root(self) -> Row:
        fields: Row = {
            "node": lambda info, id: self._any(id),
            "nodes": lambda info, ids: [self._any(id) for id in ids],
        }
        for entity in self.catalog.entities.values():
            rows = self.rows[entity.name]
            fields[entity.singular] = lambda info, id, entity=entity: self._one(entity, id)
            fields[f"{entity.singular}ByExternalRef"] = partial(self._known, entity)
            fields[entity.plural] = partial(self._page, entity, rows)
            fields[f"{entity.plural}Aggregate"] = partial(self._groups, entity, rows)
        return fields

    def _any(self, id_: str) -> Row | None:
        found = (self._one(entity, id_) for entity in self.catalog.entities.values())
        return next((record for record in found if record), None)

    def _one(self, entity: EntityInfo, id_: str | None) -> Row | None:
        row = self._alive(entity, id_)
        return None if row is None else self._record(entity, row)

    def _alive(self, entity: EntityInfo, id_: str | None) -> Row | None:
        wanted = None if id_ is None else read(entity.id.scalar_type, id_)
        return next((r for r in self.rows[entity.name] if r["id"] == wanted and r["deletedAt"] is None), None)

    def _known(self, entity: EntityInfo, info: Any, system: str, externalId: str) -> Row | None:  # noqa: N803
        key = system, externalId
        rows = self.rows[entity.name]
        found = [
            r["id"] for r in rows for ref in r[EXTERNAL_REFS] if (ref["system"], ref["externalId"]) == key
        ]
        return self._one(entity, *found) if found else None

    def _record(self, entity: EntityInfo, row: Row) -> Row:
        fields: Row = {"__typename": entity.name, **{name: shown(value) for name, value in row.items()}}
        refs = sorted(row[EXTERNAL_REFS], key=lambda ref: (ref["system"], ref["externalId"]))
        fields[EXTERNAL_REFS] = [{name: shown(value) for name, value in ref.items()} for ref in refs]
        for reference in entity.references:
            target = self.catalog[reference.target]
            fields[reference.name] = lambda info, target=target, id_=row[reference.name]: self._one(
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
        orderBy: Any = None,  # noqa: N803  # the API's name
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Row:
        order = self._order(entity, orderBy)
        places = {row["id"]: place for place, row in enumerate(ordered(self.rows[entity.name], order))}
        begin = -1 if after is None else places[row_of(after)]
        end = len(places) if before is None else places[row_of(before)]
        listed = ordered(self.filters.chosen(entity, rows, where), order)
        within = [row for row in listed if begin < places[row["id"]] < end]
        size = 20 if first is None else first
        page = within[:size] if last is None else within[max(len(within) - last, 0) :]
        more = len(page) < len(within)
        return {
            "nodes": [self._record(entity, row) for row in page],
            "edges": [{"cursor": Cursor(row["id"]), "node": self._record(entity, row)} for row in page],
            "totalCount": len(listed),
            "pageInfo": {
                "hasNextPage": (more and last is None) or any(places[r["id"]] >= end for r in listed),
                "hasPreviousPage": (more and last is not None)
                or any(places[r["id"]] <= begin for r in listed),
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
        """What rows are ordered and grouped by: each constant with the names that lead to its value."""
        found = {(reference.name,) for reference in entity.references} | set(_own_paths(entity))
        for reference in entity.references:
            found |= {(reference.name, *names) for names in _own_paths(self.catalog[reference.target])}
        return {"_".join(map(upper_case, names)): names for names in found}

    def _value(self, entity: EntityInfo, names: Names, row: Row) -> Any:
        head, *rest = names
        field = entity.fields[head]
        if rest and isinstance(field, ToOne):
            target = self.catalog[field.target]
            other = self._alive(target, row[head])
            return None if other is None else self._value(target, tuple(rest), other)
        value = row[head]
        return value[rest[0]] if rest and value is not None else value

    def _groups(
        self,
        entity: EntityInfo,
        rows: list[Row],
        info: Any,
        where: Any = None,
        groupBy: Any = None,  # noqa: N803  # the API's name
        having: Any = None,
        orderBy: Any = None,  # noqa: N803  # the API's name
        first: int | None = None,
    ) -> list[Row]:
        by = groupBy or []
        paths = [self.paths[entity.name][item["field"]] for item in by]
        buckets = [item.get("bucket") for item in by]
        keys = [
            lambda row, names=names, bucket=bucket: cut(self._value(entity, names, row), bucket)
            for names, bucket in zip(paths, buckets, strict=True)
        ]
        found = [g for g in grouped(self.filters.chosen(entity, rows, where), keys) if qualifies(g, having)]
        order = [_group_order(item, [item["field"] for item in by]) for item in orderBy or []]
        rest = [Key(lambda group, i=i: group.key[i], False, False) for i in range(len(by))]
        in_order = ordered(found, [*order, *rest])
        return [self._group(entity, group, paths) for group in in_order[: 100 if first is None else first]]

    def _group(self, entity: EntityInfo, group: Group, paths: list[Names]) -> Row:
        key = {_field_name(names): shown(value) for names, value in zip(paths, group.key, strict=True)}
        for reference in entity.references:
            target = self.catalog[reference.target]
            if reference.name in key:
                key[reference.name] = self._one(target, key[reference.name])
        numbers = {f: self._numbers(entity, group, f) for f in ("sum", "average", "minimum", "maximum")}
        return {"key": key, "count": len(group.rows), **numbers}

    def _numbers(self, entity: EntityInfo, group: Group, function: str) -> Row:
        return {
            name: lambda info, name=name: shown(group.measure(function, name))
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
        place = keys.index(item["key"])
        return Key(lambda group: group.key[place], *_direction(item))
    if item["function"] == "COUNT":
        return Key(lambda group: len(group.rows), *_direction(item))
    return Key(lambda group: group.number(item["function"].lower(), camel(item["field"])), *_direction(item))


def camel(constant: str) -> str:
    """Return an enum value as the field that it names: OCCURRED_AT becomes occurredAt."""
    return camel_case(constant.lower())


def shown(value: Any) -> Any:
    """Return a value as answers write it: times in UTC, without zeros at the end of their seconds."""
    if isinstance(value, datetime):
        text = value.isoformat()
        return re.sub(r"(\.\d*?)0+\+", r"\1+", text)
    return value.isoformat() if isinstance(value, date) else value
