"""References: records that plugins' resolvers refer to, read by the platform: a field's in one statement."""

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

from tenure_core.access.grants import TenantGrants
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.entities.declaration import Entity
from tenure_core.postgres.database import TenantConnection
from tenure_core.query.batch_resolver import Contexts, resolve_placeholders
from tenure_core.query.execute import fetch
from tenure_core.query.plan import bind_values, plan_references
from tenure_core.query.plan.cost import cost
from tenure_core.query.plan.placeholders import find_placeholders
from tenure_core.query.request import SelectedField
from tenure_core.query.sql import compile
from tenure_core.write.results import UserError
from tenure_schema.mutations.rendering import select_fields, user_errors
from tenure_schema.operations.prepared_operations import check_cost
from tenure_schema.types.builder import Untyped

Steps = tuple[tuple[str, str | None], ...]
"""What leads to a field from its root field: names in the answer, each with the type around it."""


@dataclass(frozen=True, slots=True)
class EntityRef:
    """A record that a resolver refers to; the platform reads what is asked of it.

    Where the record is not there, is deleted or is another tenant's, there is null, and in a list nothing.

    Args:
        entity: What it is of.
        id: Which one.
    """

    entity: type[Entity]
    id: uuid.UUID


@dataclass(slots=True)
class CostBudget:
    """How many records one request may bring.

    Args:
        most: So many.
        spent: How many it has brought so far.
    """

    most: int
    spent: int = 0

    def spend(self, records: int) -> None:
        """Count records.

        Raises:
            RequestTooLargeError: They are too many.
        """
        self.spent += records
        check_cost(self.spent, self.most)


@dataclass(slots=True)
class EntityRefLoader:
    """Reads what resolvers of one root field refer to.

    Args:
        connection: Where to read.
        catalog: What there is.
        authorized: What of it the actor may read.
        root: The root field, with all that is asked below it.
        contexts: Lends contexts for fields that code computes.
        budget: How much may be read.
        deleted: Whether deleted records may be seen: a mutation may have deleted them.
    """

    connection: TenantConnection
    catalog: Catalog
    authorized: TenantGrants
    root: SelectedField
    contexts: Contexts
    budget: CostBudget
    deleted: bool
    _loaders: dict[Steps, DataLoader[uuid.UUID, Any]] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def shown(self, value: object, info: Untyped) -> object:
        """Return what a resolver has returned for a field of a platform's type as the answer holds it.

        Raises:
            TenureError: A record may not be read, or there are too many.
        """
        if value is None:
            return None
        entity = self.catalog.entities.get(get_named_type(info.return_type).name)
        steps = _steps(info.path)
        if entity is None:
            return select_fields(_plain(value), _asked(self.root, steps).fields)
        loader = self._loaders.get(steps)
        if loader is None:
            load = partial(self._load, _asked(self.root, steps), entity)
            loader = self._loaders[steps] = DataLoader(load_fn=load)
        if isinstance(value, EntityRef):
            return await loader.load(_identity(value, entity, info))
        found = await loader.load_many([_identity(one, entity, info) for one in _listed(value, info)])
        return [record for record in found if record is not None]

    async def _load(self, asked: SelectedField, entity: EntityInfo, ids: list[uuid.UUID]) -> Sequence[Any]:
        planned = plan_references(asked, entity, ids, self.catalog, self.authorized, deleted=self.deleted)
        self.budget.spend(cost(planned.plan) * len(ids))
        statement = compile(planned.plan)
        found = await fetch(
            self.connection, self.authorized.tenant_id, statement, bind_values(planned.binds, {})
        )
        records: list[Any] = orjson.loads(found)
        async with self._turn:
            for failure in await resolve_placeholders(
                find_placeholders(planned.plan, records, ()), self.contexts
            ):
                failure.gap.fill(failure.error)
        return records


def _identity(value: object, entity: EntityInfo, info: Untyped) -> uuid.UUID:
    if isinstance(value, EntityRef) and value.entity is entity.entity_class:
        return value.id
    where = f"{info.parent_type.name}.{info.field_name}"
    raise TypeError(f"{where} has to resolve to EntityRefs of {entity.name}, not to {value!r}")


def _listed(value: object, info: Untyped) -> list[object]:
    if isinstance(value, list | tuple):
        return list(value)
    return [value]


def _plain(value: object) -> object:
    """Return what a resolver has returned as JSON values by the API's names."""
    if isinstance(value, list | tuple):
        if value and all(isinstance(one, UserError) for one in value):
            return user_errors(value)
        return [_plain(one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value


def _steps(path: Path | None) -> Steps:
    found: list[tuple[str, str | None]] = []
    while path is not None:
        if isinstance(path.key, str):
            found.append((path.key, path.typename))
        path = path.prev
    return tuple(reversed(found))


def _asked(root: SelectedField, steps: Steps) -> SelectedField:
    asked = root
    for key, typename in steps[1:]:
        asked = next(f for f in asked.fields if f.key == key and f.on in (None, typename))
    return asked
