"""Records: the few statements that lock, insert and change rows of an entity's table, whoever asks for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncCursor
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.postgres.database import TenantConnection
from tenure_core.write import sql
from tenure_core.write.results import Status
from tenure_core.write.rows.pending_row import PendingRow, Stored

REPLAN_ROWS = 50
"""From how many rows on a statement is planned anew each time."""


async def execute(
    connection: TenantConnection, statement: str, parameters: Mapping[str, object], rows: int
) -> AsyncCursor[Any]:
    """Run a statement on some rows.

    For many rows no plan is kept: under a load tables grow faster than what a kept plan knows of them, and it
    would read all of a table that was small when it was made.
    """
    return await connection.execute(statement, parameters, prepare=False if rows >= REPLAN_ROWS else None)


async def lock(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, drafts: Sequence[PendingRow]
) -> None:
    """Lock the drafts' records until the transaction ends, and note how they are stored."""
    if not drafts:
        return
    parameters = {"tenant": actor.tenant_id, "ids": [draft.id for draft in drafts]}
    cursor = await execute(connection, sql.locked(entity.table), parameters, len(drafts))
    found = {identity: Stored(version, deleted) for identity, version, deleted in await cursor.fetchall()}
    for draft in drafts:
        draft.stored = found.get(draft.id)


async def lock_all(
    connection: TenantConnection, catalog: Catalog, actor: Actor, ids: Mapping[str, Collection[UUID]]
) -> None:
    """Lock records of any entities until the transaction ends, before the first of them is written.

    Who locked them one by one, as they come, would meet other writers crosswise; PostgreSQL takes a second to
    notice that, and then undoes all that one of them has done.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: Says the order: entity by entity, and within each as `lock` does.
        actor: Whose tenant.
        ids: The records, by the names of their entities.
    """
    for entity in catalog.entities.values():
        if wanted := ids.get(entity.name):
            parameters = {"tenant": actor.tenant_id, "ids": list(wanted)}
            await execute(connection, sql.locked(entity.table), parameters, len(wanted))


async def find_unchanged(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, drafts: Sequence[PendingRow]
) -> set[UUID | None]:
    """Return the living records of which drafts say nothing new. It locks none: that costs less than a write.

    It only looks where all drafts say the same columns, as those of one source do.
    """
    columns = _columns(drafts)
    if not columns or any(len(draft.parsed.values) != len(columns) for draft in drafts):
        return set()
    documents = json_columns(entity.table)
    rows = [{"id": draft.id, **_as_json(draft.parsed.values, documents)} for draft in drafts]
    statement = sql.unchanged(entity.table, columns)
    return await _ids(connection, actor, statement, rows)


async def insert(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, drafts: Sequence[PendingRow]
) -> None:
    """Insert the drafts as new records, all at once: one may refer to another."""
    if not drafts:
        return
    columns = _columns(drafts)
    documents = json_columns(entity.table).intersection(columns)
    rows = [{"id": draft.id, **_as_json(draft.parsed.values, documents)} for draft in drafts]
    statement = sql.insert(entity.table, columns)
    parameters = {"tenant": actor.tenant_id, "document": orjson.dumps(rows).decode()}
    await execute(connection, statement, parameters, len(rows))
    for draft in drafts:
        draft.status = Status.CREATED


async def update(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, drafts: Sequence[PendingRow]
) -> None:
    """Write what the drafts say of locked records; one that says nothing new is not written."""
    changed = await _changed(connection, entity, actor, drafts)
    for draft in drafts:
        restored = draft.stored is not None and draft.stored.deleted
        written = Status.RESTORED if restored else Status.UPDATED
        draft.status = written if draft.id in changed else Status.NOOP


async def _changed(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, drafts: Sequence[PendingRow]
) -> set[UUID | None]:
    columns = _columns(drafts)
    if not columns:
        return set()
    documents = json_columns(entity.table)
    said = [(draft.id, _as_json(draft.parsed.values, documents)) for draft in drafts]
    if all(len(values) == len(columns) for _, values in said):
        statement = sql.update_uniform(entity.table, columns)
        rows = [{"id": identity, **values} for identity, values in said]
    else:
        statement = sql.update(entity.table, columns)
        rows = [{"id": identity, "changes": values} for identity, values in said]
    return await _ids(connection, actor, statement, rows)


async def _ids(
    connection: TenantConnection, actor: Actor, statement: str, rows: Sequence[Mapping[str, object]]
) -> set[UUID | None]:
    parameters = {"tenant": actor.tenant_id, "document": orjson.dumps(rows).decode()}
    cursor = await execute(connection, statement, parameters, len(rows))
    return {identity for (identity,) in await cursor.fetchall()}


def _columns(drafts: Iterable[PendingRow]) -> tuple[str, ...]:
    return tuple(sorted(set().union(*(draft.parsed.values for draft in drafts))))


def _as_json(values: dict[str, object], documents: frozenset[str]) -> Mapping[str, object]:
    """Return values by column as orjson writes them: JSON is text already and goes in as it is."""
    if not documents or documents.isdisjoint(values):
        return values
    return values | {
        column: orjson.Fragment(value)
        for column in documents & values.keys()
        if isinstance(value := values[column], str)
    }


@lru_cache(maxsize=64)
def json_columns(table: Table) -> frozenset[str]:
    """Return the columns that hold JSON, whose values are text on their way."""
    return frozenset(str(column.name) for column in table.columns if isinstance(column.type, JSONB))
