"""Writes: create, update, delete and restore any number of rows in a handful of statements.

Every function takes a connection inside a transaction, so the caller decides what else belongs to it. Sound
rows are written; a row with errors is not, and says why in its result. Whether the others then stay is the
caller's policy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from uuid_utils.compat import uuid7

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.postgres.database import TenantConnection
from tenure_core.write import row_store, sql
from tenure_core.write.field_ownership import foreign_fields
from tenure_core.write.references import check_cycles, resolve
from tenure_core.write.results import ErrorCode, RowResult, Status
from tenure_core.write.rows.pending_row import (
    EXPECTED_VERSION,
    ForeignFields,
    PendingRow,
    Row,
    parse_ids,
    read_fields,
    results,
    valid_rows,
)
from tenure_core.write.run_validators import run_validators
from tenure_core.write.uniqueness import check_unique


async def create(
    connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor, rows: Sequence[Row]
) -> list[RowResult]:
    """Insert new records.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: Where references lead.
        entity: What the rows are of.
        actor: Who writes.
        rows: The records, each without an id: they get theirs in the order of the rows.

    Returns:
        A result per row: CREATED or FAILED.
    """
    foreign = await foreign_fields(connection, entity, actor)
    drafts = [_read(entity, row, foreign, creating=True) for row in rows]
    for draft in drafts:
        draft.id = uuid7()
    await resolve(connection, catalog, actor.tenant_id, [draft.parsed for draft in drafts])
    await check_unique(connection, entity, actor, drafts)
    await run_validators(connection, catalog, entity, actor, drafts, lambda _: ChangeOperation.CREATE)
    await row_store.insert(connection, entity, actor, valid_rows(drafts))
    return results(drafts)


async def update(
    connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor, rows: Sequence[Row]
) -> list[RowResult]:
    """Change records.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: Where references lead.
        entity: What the rows are of.
        actor: Who writes.
        rows: An "id" each, and the fields to change: an absent field stays as it is, null clears it. With an
            "expectedVersion" a record of another version is left alone.

    Returns:
        A result per row: UPDATED, NOOP where the row says nothing new, or FAILED.
    """
    foreign = await foreign_fields(connection, entity, actor)
    drafts = [_read(entity, _fields(row), foreign, creating=False) for row in rows]
    await _meet(connection, entity, actor, rows, drafts, lambda draft: not _is_alive(draft))
    await resolve(connection, catalog, actor.tenant_id, [draft.parsed for draft in drafts])
    said = {draft.id: draft.parsed for draft in valid_rows(drafts) if draft.id}
    await check_cycles(connection, entity, actor.tenant_id, said)
    await check_unique(connection, entity, actor, drafts)
    await run_validators(connection, catalog, entity, actor, drafts, lambda _: ChangeOperation.UPDATE)
    await row_store.update(connection, entity, actor, valid_rows(drafts))
    return results(drafts)


async def delete(
    connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor, rows: Sequence[Row]
) -> list[RowResult]:
    """Delete records softly: they keep their data, and `restore` brings them back.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: Who checks.
        entity: What the records are of.
        actor: Who writes.
        rows: An "id" each, and an "expectedVersion" if need be.

    Returns:
        A result per row: DELETED, NOOP for what was deleted before, or FAILED.
    """
    return await _mark(connection, catalog, entity, actor, rows, Status.DELETED)


async def restore(
    connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor, rows: Sequence[Row]
) -> list[RowResult]:
    """Bring deleted records back.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: Who checks.
        entity: What the records are of.
        actor: Who writes.
        rows: An "id" each, and an "expectedVersion" if need be.

    Returns:
        A result per row: RESTORED, NOOP for what was not deleted, or FAILED.
    """
    return await _mark(connection, catalog, entity, actor, rows, Status.RESTORED)


def _read(entity: EntityInfo, row: Row, foreign: ForeignFields, *, creating: bool) -> PendingRow:
    fields, said, notes = read_fields(entity, row, foreign, creating=creating)
    return PendingRow(fields, said, notes=notes)


def _fields(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("id", EXPECTED_VERSION)}


def _is_alive(draft: PendingRow) -> bool:
    return draft.stored is not None and not draft.stored.deleted


async def _meet(
    connection: TenantConnection,
    entity: EntityInfo,
    actor: Actor,
    rows: Sequence[Row],
    drafts: Sequence[PendingRow],
    is_missing: Callable[[PendingRow], bool],
) -> None:
    """Find and lock the records that rows name, and refuse what is missing, or has another version."""
    parse_ids(drafts, [row.get("id") for row in rows])
    for draft, row in zip(drafts, rows, strict=True):
        draft.expect(row.get(EXPECTED_VERSION))
    await row_store.lock(connection, entity, actor, valid_rows(drafts))
    for draft in valid_rows(drafts):
        if is_missing(draft):
            message = f"there is no {entity.name} {draft.id}, or it is deleted"
            draft.add_error(ErrorCode.NOT_FOUND, ("id",), message)
        else:
            draft.check_version()


async def _mark(
    connection: TenantConnection,
    catalog: Catalog,
    entity: EntityInfo,
    actor: Actor,
    rows: Sequence[Row],
    status: Status,
) -> list[RowResult]:
    drafts = [PendingRow({}) for _ in rows]
    await _meet(connection, entity, actor, rows, drafts, lambda draft: draft.stored is None)
    deleting = status is Status.DELETED
    if not deleting:
        await check_unique(connection, entity, actor, valid_rows(drafts))
    operation = ChangeOperation.DELETE if deleting else ChangeOperation.RESTORE
    moving = [draft for draft in drafts if draft.stored and draft.stored.deleted is not deleting]
    await run_validators(connection, catalog, entity, actor, moving, lambda _: operation)
    parameters = {
        "tenant": actor.tenant_id,
        "ids": [draft.id for draft in valid_rows(drafts)],
        "deleted": deleting,
    }
    cursor = await connection.execute(sql.set_deleted(entity.table), parameters)
    changed = {identity for (identity,) in await cursor.fetchall()}
    for draft in valid_rows(drafts):
        draft.status = status if draft.id in changed else Status.NOOP
    return results(drafts)
