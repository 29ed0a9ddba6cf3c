"""Steps and statements that lock, insert, update and delete the rows of an entity's table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from uuid import UUID

import orjson
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.write import sql
from tenure_core.write.context import EntityWriteContext, WriteContext
from tenure_core.write.dependents import RecordRef
from tenure_core.write.results import Status
from tenure_core.write.rows.pending_row import AnyRow, PendingRow, StoredState, valid_rows

DELETED_BY = {ChangeOperation.DELETE: True, ChangeOperation.RESTORE: False}
"""Whether a record is deleted after the operation."""


async def lock(context: EntityWriteContext, rows: list[AnyRow]) -> list[AnyRow]:
    """Lock the records of the valid rows until the transaction ends, and read their state."""
    if locked_rows := valid_rows(rows):
        stored = await _lock(context, context.entity, [row.id for row in locked_rows])
        for row in locked_rows:
            row.stored = stored.get(row.id) if row.id else None
    return rows


async def _lock(
    context: WriteContext, entity: EntityInfo, ids: Sequence[UUID | None]
) -> Mapping[UUID, StoredState]:
    statement = sql.select_for_update(entity, context.grants)
    cursor = await context.execute(statement, {"ids": ids}, len(ids))
    return {record: StoredState(version, deleted) for record, version, deleted in await cursor.fetchall()}


async def lock_all(context: WriteContext, ids: Mapping[str, Iterable[UUID]]) -> set[RecordRef]:
    """Lock the visible records of several entities until the transaction ends, before the first write.

    All writers lock in the same order: by entity as in the catalog, then by id. Locking record by record
    would deadlock with other writers, and PostgreSQL would abort one of them after a second.

    Args:
        context: The context of the write.
        ids: Record ids, by entity name.

    Returns:
        The locked records.
    """
    locked: set[RecordRef] = set()
    for entity in context.catalog.entities.values():
        if entity_ids := ids.get(entity.name):
            locked.update((entity.name, record) for record in await _lock(context, entity, list(entity_ids)))
    return locked


async def find_unchanged(context: EntityWriteContext, rows: Sequence[PendingRow]) -> set[UUID | None]:
    """Return the ids of the undeleted records that already have the values of their rows.

    The records are not locked, which is cheaper than a write. Only rows that all set the same columns are
    compared, as the rows of one source usually do.
    """
    columns = _list_columns(rows)
    if not columns or any(len(row.parsed.values) != len(columns) for row in rows):
        return set()
    return await _fetch_ids(
        context, sql.select_unchanged(context.entity, context.grants, columns), _to_documents(context, rows)
    )


async def insert(context: EntityWriteContext, rows: list[AnyRow]) -> list[AnyRow]:
    """Insert the new records in one statement, so that they may refer to each other."""
    new_rows = [row for row in rows if row.operation is ChangeOperation.CREATE]
    if new_rows:
        statement = sql.insert(context.entity.table, _list_columns(new_rows))
        document = orjson.dumps(_to_documents(context, new_rows)).decode()
        await context.execute(statement, {"document": document}, len(new_rows))
        for row in new_rows:
            row.set_written()
    return rows


async def update(context: EntityWriteContext, rows: list[AnyRow]) -> list[AnyRow]:
    """Update the locked records; a row that has only stored values is not written."""
    stored_rows = [row for row in rows if row.operation is not ChangeOperation.CREATE]
    columns = _list_columns(stored_rows)
    documents = _to_documents(context, stored_rows)
    if all(len(row.parsed.values) == len(columns) for row in stored_rows):
        statement = sql.update_uniform(context.entity, context.grants, columns)
    else:
        statement = sql.update(context.entity, context.grants, columns)
        documents = [{"id": document.pop("id"), "changes": document} for document in documents]
    _set_status(stored_rows, await _fetch_ids(context, statement, documents) if columns else set())
    return rows


async def set_deleted(context: EntityWriteContext, rows: list[AnyRow]) -> list[AnyRow]:
    """Soft-delete or restore the records of rows that all have the same operation."""
    if rows:
        parameters = {"ids": [row.id for row in rows], "deleted": DELETED_BY[rows[0].operation]}
        cursor = await context.execute(sql.set_deleted(context.entity, context.grants), parameters)
        _set_status(rows, {record for (record,) in await cursor.fetchall()})
    return rows


def _set_status(rows: Iterable[PendingRow], changed: Collection[UUID | None]) -> None:
    for row in rows:
        if row.id in changed:
            row.set_written()
        else:
            row.status = Status.NOOP


async def _fetch_ids(
    context: EntityWriteContext, statement: str, documents: Sequence[Mapping[str, object]]
) -> set[UUID | None]:
    document = orjson.dumps(documents).decode()
    cursor = await context.execute(statement, {"document": document}, len(documents))
    return {record for (record,) in await cursor.fetchall()}


def _list_columns(rows: Iterable[PendingRow]) -> tuple[str, ...]:
    return tuple(sorted(set().union(*(row.parsed.values for row in rows))))


def _to_documents(context: EntityWriteContext, rows: Iterable[PendingRow]) -> list[dict[str, object]]:
    """Return the id and the values of each row for orjson; values of JSON columns are JSON text already."""
    documents = [{"id": row.id, **row.parsed.values} for row in rows]
    for column in json_columns(context.entity.table):
        for document in documents:
            if isinstance(value := document.get(column), str):
                document[column] = orjson.Fragment(value)
    return documents


@lru_cache(maxsize=64)
def json_columns(table: Table) -> frozenset[str]:
    """Return the JSON columns of a table; their parsed values are JSON text."""
    return frozenset(str(column.name) for column in table.columns if isinstance(column.type, JSONB))
