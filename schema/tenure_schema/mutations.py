"""Mutations: one write per root field, in one transaction, answered with the record as it is afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson

from tenure_core import write
from tenure_core.access import Authorized, authorize
from tenure_core.catalog import Catalog, EntityInfo
from tenure_core.database import Database, TenantConnection
from tenure_core.execute import fetch
from tenure_core.identity import Actor
from tenure_core.plan import Planned, bound, plan_records
from tenure_core.request import Field
from tenure_core.results import RowResult, UserError
from tenure_core.sql import compile

Row = Mapping[str, object]

NO_ID = uuid.UUID(int=0)
"""Stands for the record that is not written yet."""

Write = Callable[[TenantConnection, Catalog, EntityInfo, Actor, Row], Awaitable[list[RowResult]]]


async def _create(
    connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor, row: Row
) -> list[RowResult]:
    return await write.create(connection, catalog, entity, actor, [row])


async def _update(
    connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor, row: Row
) -> list[RowResult]:
    return await write.update(connection, catalog, entity, actor, [row])


async def _delete(
    connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor, row: Row
) -> list[RowResult]:
    return await write.delete(connection, entity, actor, [row["id"]])


async def _restore(
    connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor, row: Row
) -> list[RowResult]:
    return await write.restore(connection, entity, actor, [row["id"]])


WRITES: Mapping[str, Write] = {"Create": _create, "Update": _update, "Delete": _delete, "Restore": _restore}
"""What each verb of a mutation's name does."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mutation of the schema.

    Args:
        entity: What it writes.
        verb: "Create", "Update", "Delete" or "Restore".
    """

    entity: EntityInfo
    verb: str

    @property
    def name(self) -> str:
        """Its name in the API, such as accountCreate."""
        return f"{self.entity.singular}{self.verb}"

    def plans(self, field: Field, catalog: Catalog, authorized: Authorized) -> list[Planned]:
        """Return the plans of the records in the answer, to be checked before anything is written."""
        asked = [f for f in field.fields if f.name == self.entity.singular]
        return [plan_records(f, self.entity, [NO_ID], catalog, authorized) for f in asked]

    async def run(self, field: Field, catalog: Catalog, database: Database, actor: Actor) -> dict[str, Any]:
        """Write, and return the payload under the names that the answer gives its fields.

        Raises:
            ForbiddenError: The actor may not write such records.
        """
        authorize(actor, catalog).grants.require_write(self.entity)
        row = cast(Row, field.arguments["input"])
        async with database.writing(actor.tenant_id, str(actor.key_id), actor.origin) as connection:
            [result] = await WRITES[self.verb](connection, catalog, self.entity, actor, row)
            return {f.key: await self._output(f, result, catalog, connection, actor) for f in field.fields}

    async def _output(
        self, field: Field, result: RowResult, catalog: Catalog, connection: TenantConnection, actor: Actor
    ) -> object:
        if field.name == "userErrors":
            return [_user_error(field, error) for error in result.errors]
        if field.name == self.entity.singular and result.id is not None and not result.errors:
            return await self._record(field, result.id, catalog, connection, actor)
        return None

    async def _record(
        self, field: Field, record: uuid.UUID, catalog: Catalog, connection: TenantConnection, actor: Actor
    ) -> object:
        planned = plan_records(field, self.entity, [record], catalog, authorize(actor, catalog))
        found = await fetch(connection, actor.tenant_id, compile(planned.plan), bound(planned.binds, {}))
        return orjson.loads(found)[0]


def _user_error(field: Field, error: UserError) -> dict[str, Any]:
    values = {"code": error.code.value, "path": ["input", *map(str, error.path)], "message": error.message}
    return {f.key: values.get(f.name) for f in field.fields}


def mutations_of(entity: EntityInfo) -> list[Mutation]:
    """Return the mutations of an entity."""
    return [Mutation(entity, verb) for verb in WRITES]
