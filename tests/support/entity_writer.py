"""Runs write operations of one actor on one entity, each in its own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any

from tenure_core.postgres.database import TenantConnection
from tenure_core.write.context import WriteContext
from tenure_core.write.operations import crud
from tenure_core.write.operations.upsert import upsert
from tenure_core.write.results import RowResult
from tenure_core.write.transaction import run_in_transaction


def matched(system: str, key: str, row: dict[str, Any]) -> dict[str, Any]:
    return {"match": {"externalRef": {"system": system, "id": key}}, **row}


class Writer:
    """Runs write operations of one actor on one entity."""

    def __init__(self, database, catalog, actor, entity="Account") -> None:
        self.database, self.catalog, self.actor, self.entity = database, catalog, actor, catalog[entity]

    def on(self, entity: str) -> Writer:
        return Writer(self.database, self.catalog, self.actor, entity)

    @asynccontextmanager
    async def connect(self):
        async with self.database.write_transaction(self.actor.tenant_id, "test", "tests") as connection:
            yield connection

    def context(self, connection: TenantConnection) -> WriteContext:
        return WriteContext(connection, self.catalog, self.actor)

    async def create(self, *rows: dict[str, Any]) -> list[RowResult]:
        async with self.connect() as c:
            return await crud.create(self.context(c), self.entity, rows)

    async def update(self, *rows: dict[str, Any]) -> list[RowResult]:
        async with self.connect() as c:
            return await crud.update(self.context(c), self.entity, rows)

    async def delete(self, *ids: object) -> list[RowResult]:
        return await self.delete_rows(*({"id": i} for i in ids))

    async def delete_rows(self, *rows: dict[str, Any]) -> list[RowResult]:
        async with self.connect() as c:
            return await crud.delete(self.context(c), self.entity, rows)

    async def restore(self, *ids: object) -> list[RowResult]:
        return await self.restore_rows(*({"id": i} for i in ids))

    async def restore_rows(self, *rows: dict[str, Any]) -> list[RowResult]:
        async with self.connect() as c:
            return await crud.restore(self.context(c), self.entity, rows)

    async def upsert(self, *rows: tuple[str, dict[str, Any]], system: str = "erp") -> list[RowResult]:
        async with self.connect() as c:
            return await upsert(self.context(c), self.entity, [matched(system, *r) for r in rows])

    async def send(self, *rows: Any, **options: Any) -> list[RowResult]:
        """Upsert rows as given; retried after a conflict."""
        return await run_in_transaction(
            self.database,
            self.actor,
            lambda c: upsert(self.context(c), self.entity, rows, **options),
        )

    async def read(
        self, columns: str, where: str = "true", table: str | None = None
    ) -> list[tuple[Any, ...]]:
        async with self.database.tenant_connection(self.actor.tenant_id) as c:
            name = table or self.entity.table.name
            cursor = await c.execute(f"SELECT {columns} FROM {name} WHERE {where} ORDER BY 1")
            return await cursor.fetchall()

    async def select(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.database.tenant_connection(self.actor.tenant_id) as c:
            return await (await c.execute(statement)).fetchall()

    async def changes(self) -> int:
        return len(await self.read("seq", table="change"))


def statuses(results: Sequence[RowResult]) -> list[str]:
    assert [r.index for r in results] == list(range(len(results)))
    return [r.status for r in results]


def codes(result: RowResult) -> list[tuple[str, tuple[str | int, ...]]]:
    assert result.status == "FAILED"
    assert result.id is None
    return [(e.code, e.path) for e in result.errors]
