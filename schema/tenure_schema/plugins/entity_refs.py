"""Loads the records that plugins' resolvers return as `EntityRef`, with one statement per field."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
from graphql import get_named_type
from graphql.pyutils import Path
from strawberry.dataloader import DataLoader

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.entities.declaration import Entity
from tenure_core.postgres.database import TenantConnection
from tenure_core.query.batch_resolver import ContextProvider, resolve_placeholders
from tenure_core.query.execute import fetch
from tenure_core.query.plan import bind_values, plan_records
from tenure_core.query.plan.cost import check_cost, cost
from tenure_core.query.plan.placeholders import find_placeholders
from tenure_core.query.request import SelectedField
from tenure_core.query.sql import compile
from tenure_core.write.results import UserError
from tenure_schema.mutations.rendering import render_errors, select_fields
from tenure_schema.types.builder import Untyped

TypedPath = tuple[tuple[str, str | None], ...]
"""The path from a root field to a field: response keys, each with the name of the type that has the field."""


@dataclass(frozen=True, slots=True)
class EntityRef:
    """A reference to a record, which a resolver returns and the platform resolves to the selected fields.

    A record that does not exist, is deleted or belongs to another tenant resolves to null; in a list, it is
    omitted.

    Args:
        entity: The entity of the record.
        id: The id of the record.
    """

    entity: type[Entity]
    id: uuid.UUID


@dataclass(slots=True)
class CostBudget:
    """The cost limit of one request.

    Args:
        max_cost: Maximum number of records.
        spent: Number of records so far.
    """

    max_cost: int
    spent: int = 0

    def spend(self, records: int) -> None:
        """Add records.

        Raises:
            RequestTooLargeError: The limit is exceeded.
        """
        self.spent += records
        check_cost(self.spent, self.max_cost)


@dataclass(slots=True)
class EntityRefLoader:
    """Resolves the values of platform types that the resolvers below one root field return.

    Args:
        connection: A connection that is bound to the actor's tenant.
        catalog: The entities.
        actor: The caller.
        root: The root field with its selected fields.
        contexts: Opens plugin contexts for batch fields.
        budget: The cost limit of the request.
        deleted: Whether deleted records are included, because a mutation may have deleted them.
    """

    connection: TenantConnection
    catalog: Catalog
    actor: Actor
    root: SelectedField
    contexts: ContextProvider
    budget: CostBudget
    deleted: bool
    _loaders: dict[TypedPath, DataLoader[uuid.UUID, Any]] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def resolve(self, value: object, info: Untyped) -> object:
        """Return the response value for what a resolver returned for a field of a platform type.

        Args:
            value: An EntityRef, a list of them, or the values of another platform type.
            info: Strawberry's info of the field.

        Raises:
            TenureError: The actor must not read a record, or the cost limit is exceeded.
        """
        if value is None:
            return None
        entity = self.catalog.entities.get(get_named_type(info.return_type).name)
        path = _field_path(info.path)
        if entity is None:
            return select_fields(_to_values(value), _find_field(self.root, path).fields)
        loader = self._loader(path, entity)
        if isinstance(value, EntityRef):
            return await loader.load(_read_id(value, entity, info))
        refs = list(value) if isinstance(value, list | tuple) else [value]
        records = await loader.load_many([_read_id(ref, entity, info) for ref in refs])
        return [record for record in records if record is not None]

    def _loader(self, path: TypedPath, entity: EntityInfo) -> DataLoader[uuid.UUID, Any]:
        if path not in self._loaders:
            load = partial(self._load, _find_field(self.root, path), entity)
            self._loaders[path] = DataLoader(load_fn=load)
        return self._loaders[path]

    async def _load(self, field: SelectedField, entity: EntityInfo, ids: list[uuid.UUID]) -> Sequence[Any]:
        grants = authorize(self.actor, self.catalog)
        planned = plan_records(field, entity, ids, self.catalog, grants, include_deleted=self.deleted)
        self.budget.spend(cost(planned.plan) * len(ids))
        statement = compile(planned.plan)
        json = await fetch(self.connection, self.actor, statement, bind_values(planned.binds, {}))
        records: list[Any] = orjson.loads(json)
        placeholders = find_placeholders(planned.plan, records, ())
        async with self._lock:
            for failure in await resolve_placeholders(placeholders, self.contexts):
                failure.placeholder.fill(failure.error)
        return records


def _read_id(value: object, entity: EntityInfo, info: Untyped) -> uuid.UUID:
    if isinstance(value, EntityRef) and value.entity is entity.entity_class:
        return value.id
    name = f"{info.parent_type.name}.{info.field_name}"
    raise TypeError(f"{name} must resolve to an EntityRef of {entity.name}, not {value!r}")


def _to_values(value: object) -> object:
    """Return the value of a platform type that is not an entity as mappings by API field name."""
    if isinstance(value, list | tuple):
        if value and all(isinstance(member, UserError) for member in value):
            return render_errors(value)
        return [_to_values(member) for member in value]
    return dict(value) if isinstance(value, Mapping) else value


def _field_path(path: Path | None) -> TypedPath:
    steps: list[tuple[str, str | None]] = []
    while path is not None:
        if isinstance(path.key, str):
            steps.append((path.key, path.typename))
        path = path.prev
    return tuple(reversed(steps))


def _find_field(root: SelectedField, path: TypedPath) -> SelectedField:
    field = root
    for key, type_name in path[1:]:
        field = next(f for f in field.fields if f.key == key and f.on in (None, type_name))
    return field
