"""Writes: create, update, delete, restore and upsert any number of rows in a handful of statements.

Every function takes a connection that `Database.writing` lends, so the caller decides what else belongs to
the transaction. Sound rows are written; a row with errors is not, and says why in its result. Whether the
others then stay is the caller's policy.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import orjson
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB
from uuid_utils.compat import uuid7

from tenure_core import statements
from tenure_core.catalog import Catalog, EntityInfo
from tenure_core.database import TenantConnection
from tenure_core.identity import Actor
from tenure_core.references import refuse_circles, resolve
from tenure_core.results import ErrorCode, RowPath, RowResult, Status, UserError
from tenure_core.validate import Validated, complete, external_key, record_id, refused, validate

Row = Mapping[str, object]
"""A row as a client sends it: JSON values by the API's names."""

Key = TypeVar("Key", bound=Hashable)

KEY_PATH: RowPath = ("externalRef", "id")
"""Where an upsert's row has its key, for errors."""


@dataclass
class _Draft:
    """A row on its way into the table."""

    row: Row
    said: Validated
    id: uuid.UUID | None = None
    status: Status = Status.FAILED

    def refuse(self, code: ErrorCode, path: RowPath, message: str) -> None:
        """Note something that is wrong with it."""
        self.said.errors.append(UserError(code, path, message))


async def create(
    connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor, rows: Sequence[Row]
) -> list[RowResult]:
    """Insert new records.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: Where references lead.
        entity: What the rows are of.
        actor: Whose tenant.
        rows: The records, each without an id: they get theirs in the order of the rows.

    Returns:
        A result per row: CREATED or FAILED.
    """
    drafts = [_Draft(row, validate(entity, row, creating=True), uuid7()) for row in rows]
    await resolve(connection, catalog, actor.tenant_id, [draft.said for draft in drafts])
    await _insert(connection, entity, actor, _sound(drafts))
    return _results(drafts)


async def update(
    connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor, rows: Sequence[Row]
) -> list[RowResult]:
    """Change records.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: Where references lead.
        entity: What the rows are of.
        actor: Whose tenant.
        rows: An "id" each, and the fields to change: an absent field stays as it is, null clears it.

    Returns:
        A result per row: UPDATED, NOOP where the row says nothing new, or FAILED.
    """
    drafts = [_Draft(row, validate(entity, _without_id(row), creating=False)) for row in rows]
    _identify(drafts, [row.get("id") for row in rows])
    await resolve(connection, catalog, actor.tenant_id, [draft.said for draft in drafts])
    deleted = await _locked(connection, entity, actor, _sound(drafts))
    for draft in _sound(drafts):
        if deleted.get(draft.id, True):
            draft.refuse(
                ErrorCode.NOT_FOUND, ("id",), f"there is no {entity.name} {draft.id}, or it is deleted"
            )
    await _change(connection, entity, actor, _sound(drafts))
    return _results(drafts)


async def delete(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, ids: Sequence[object]
) -> list[RowResult]:
    """Delete records softly: they keep their data, and `restore` brings them back.

    Returns:
        A result per id: DELETED, NOOP for what was deleted before, or FAILED.
    """
    return await _mark(connection, entity, actor, ids, Status.DELETED)


async def restore(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, ids: Sequence[object]
) -> list[RowResult]:
    """Bring deleted records back.

    Returns:
        A result per id: RESTORED, NOOP for what was not deleted, or FAILED.
    """
    return await _mark(connection, entity, actor, ids, Status.RESTORED)


async def upsert(
    connection: TenantConnection,
    catalog: Catalog,
    entity: EntityInfo,
    actor: Actor,
    system: str,
    rows: Sequence[tuple[str, Row]],
) -> list[RowResult]:
    """Create or change the records that another system names by its own keys.

    Two writers of one key don't double it: the later waits for the earlier, and changes what that created.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: Where references lead.
        entity: What the rows are of.
        actor: Whose tenant.
        system: The other system's name.
        rows: The key of each record in that system, and its fields: an absent field of a record that is there
            stays as it is, null clears it.

    Returns:
        A result per row: CREATED, UPDATED, NOOP where the row says nothing new, RESTORED where the record was
        deleted, or FAILED.
    """
    drafts = [_Draft(row, validate(entity, row, creating=False)) for _, row in rows]
    await _claim(connection, entity, actor, system, drafts, [key for key, _ in rows])
    deleted = await _locked(connection, entity, actor, _sound(drafts))
    for draft in _sound(drafts):
        if draft.id not in deleted:
            complete(entity, draft.row, draft.said)
        elif deleted[draft.id]:
            draft.said.values["deleted_at"] = None
    await resolve(connection, catalog, actor.tenant_id, [draft.said for draft in drafts])
    await _change(connection, entity, actor, [draft for draft in _sound(drafts) if draft.id in deleted])
    await _insert(connection, entity, actor, [draft for draft in _sound(drafts) if draft.id not in deleted])
    failed = [draft for draft in drafts if draft.said.errors and draft.id not in deleted]
    await _unclaim(connection, entity, actor, failed)
    return _results(drafts)


def _sound(drafts: Iterable[_Draft]) -> list[_Draft]:
    return [draft for draft in drafts if not draft.said.errors]


def _results(drafts: Iterable[_Draft]) -> list[RowResult]:
    return [
        RowResult(index, Status.FAILED, None, tuple(draft.said.errors))
        if draft.said.errors
        else RowResult(index, draft.status, draft.id)
        for index, draft in enumerate(drafts)
    ]


def _without_id(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "id"}


def _identify(drafts: Sequence[_Draft], ids: Iterable[object]) -> None:
    """Give each draft the id that it was sent with, once in a call."""
    for draft, identity in zip(drafts, _once(drafts, ids, ("id",), record_id), strict=True):
        draft.id = identity


def _once(
    drafts: Sequence[_Draft], sent: Iterable[object], path: RowPath, read: Callable[[object], Key]
) -> list[Key | None]:
    """Return each draft's key, and refuse a draft that has none, or one that an earlier draft has."""
    first: dict[Key, int] = {}
    keys: list[Key | None] = []
    for index, (draft, value) in enumerate(zip(drafts, sent, strict=True)):
        try:
            key = read(value)
        except ValueError as error:
            draft.said.errors.append(refused(error, path))
            keys.append(None)
        else:
            if first.setdefault(key, index) != index:
                draft.refuse(ErrorCode.DUPLICATE_KEY, path, f"row {first[key]} of this call has it, too")
            keys.append(key)
    return keys


async def _locked(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, drafts: Sequence[_Draft]
) -> dict[uuid.UUID | None, bool]:
    """Lock the drafts' records until the transaction ends, and return which of those there are is deleted."""
    if not drafts:
        return {}
    ids = [draft.id for draft in drafts]
    cursor = await connection.execute(
        statements.locked(entity.table), {"tenant": actor.tenant_id, "ids": ids}
    )
    return dict(await cursor.fetchall())


async def _insert(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, drafts: Sequence[_Draft]
) -> None:
    if not drafts:
        return
    rows = [{"id": draft.id, **_as_json(entity.table, draft.said.values)} for draft in drafts]
    statement = statements.insert(entity.table, _columns(drafts))
    await connection.execute(statement, {"tenant": actor.tenant_id, "document": orjson.dumps(rows).decode()})
    for draft in drafts:
        draft.status = Status.CREATED


async def _change(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, drafts: Sequence[_Draft]
) -> None:
    """Write what the drafts say of locked records, except what would put a record below itself."""
    said = {draft.id: draft.said for draft in drafts if draft.id}
    await refuse_circles(connection, entity, actor.tenant_id, said)
    sound = _sound(drafts)
    changed = await _changed(connection, entity, actor, sound)
    for draft in sound:
        restored = "deleted_at" in draft.said.values
        written = Status.RESTORED if restored else Status.UPDATED
        draft.status = written if draft.id in changed else Status.NOOP


async def _changed(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, drafts: Sequence[_Draft]
) -> set[uuid.UUID]:
    columns = _columns(drafts)
    if not columns:
        return set()
    rows = [{"id": draft.id, "changes": _as_json(entity.table, draft.said.values)} for draft in drafts]
    statement = statements.update(entity.table, columns)
    parameters = {"tenant": actor.tenant_id, "document": orjson.dumps(rows).decode()}
    cursor = await connection.execute(statement, parameters)
    return {identity for (identity,) in await cursor.fetchall()}


def _columns(drafts: Iterable[_Draft]) -> tuple[str, ...]:
    return tuple(sorted({column for draft in drafts for column in draft.said.values}))


def _as_json(table: Table, values: Mapping[str, object]) -> dict[str, object]:
    """Return values by column as orjson writes them.

    JSON is text already and goes in as it is. SQLAlchemy's names are of a subclass of str: orjson refuses it.
    """
    documents = _json_columns(table)
    return {
        str(column): orjson.Fragment(value) if column in documents and isinstance(value, str) else value
        for column, value in values.items()
    }


@lru_cache(maxsize=64)
def _json_columns(table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.columns if isinstance(column.type, JSONB))


async def _mark(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, ids: Sequence[object], status: Status
) -> list[RowResult]:
    drafts = [_Draft({}, Validated()) for _ in ids]
    _identify(drafts, ids)
    found = await _locked(connection, entity, actor, _sound(drafts))
    for draft in _sound(drafts):
        if draft.id not in found:
            draft.refuse(ErrorCode.NOT_FOUND, ("id",), f"there is no {entity.name} {draft.id}")
    parameters = {"tenant": actor.tenant_id, "ids": list(found), "deleted": status is Status.DELETED}
    cursor = await connection.execute(statements.mark(entity.table), parameters)
    changed = {identity for (identity,) in await cursor.fetchall()}
    for draft in _sound(drafts):
        draft.status = status if draft.id in changed else Status.NOOP
    return _results(drafts)


async def _claim(
    connection: TenantConnection,
    entity: EntityInfo,
    actor: Actor,
    system: str,
    drafts: Sequence[_Draft],
    sent: Sequence[str],
) -> None:
    """Give each draft the id of the record that its key names; a key that named none now names a new one."""
    keys = _once(drafts, sent, KEY_PATH, lambda key: external_key(system, key))
    named = [
        (draft, key.id) for draft, key in zip(drafts, keys, strict=True) if key and not draft.said.errors
    ]
    names = [name for _, name in named]
    parameters = {
        "tenant": actor.tenant_id,
        "entity": entity.name,
        "system": system,
        "external_ids": names,
        "record_ids": [uuid7() for _ in names],
    }
    await connection.execute(statements.CLAIM, parameters)
    cursor = await connection.execute(statements.CLAIMED, parameters)
    ids = dict(await cursor.fetchall())
    for draft, name in named:
        draft.id = ids[name]


async def _unclaim(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, drafts: Iterable[_Draft]
) -> None:
    """Take the keys back from drafts that were not written."""
    if ids := [draft.id for draft in drafts if draft.id]:
        parameters = {"tenant": actor.tenant_id, "entity": entity.name, "record_ids": ids}
        await connection.execute(statements.UNCLAIM, parameters)
