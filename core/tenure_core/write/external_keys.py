"""External references: the keys that other systems have for our records, kept one record to each key."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.errors import ConflictError
from tenure_core.postgres.database import TenantConnection
from tenure_core.write import sql
from tenure_core.write.results import ErrorCode, RowPath, Status
from tenure_core.write.row_store import execute
from tenure_core.write.rows.match_key import RowKey, is_older
from tenure_core.write.rows.upsert_row import UpsertRow
from tenure_core.write.rows.validate import ExternalKey, to_user_error

Claim = tuple[UpsertRow, RowKey]
"""A row, and a key that it wants for its record."""


async def resolve_match_keys(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, claims: Sequence[Claim]
) -> None:
    """Give each row the id of the record that its key names; a key that named none now names a new one.

    Args:
        connection: In a transaction of the actor's tenant.
        entity: What the records are of.
        actor: Whose tenant.
        claims: Rows, each with the id that a new record of it would have.
    """
    found = await _claimed(connection, entity, actor, claims)
    for row, ref in claims:
        row.id, is_new = found[ref.key]
        if is_new:
            row.claimed.append(ref.key)


async def add_keys(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, rows: Iterable[UpsertRow]
) -> None:
    """Add keys to the rows' records, and refuse a row whose key names another record already."""
    claims = [(row, ref) for row in rows for ref in row.added]
    found = await _claimed(connection, entity, actor, claims)
    for row, ref in claims:
        identity, is_new = found[ref.key]
        if identity != row.id:
            row.add_error(
                ErrorCode.DUPLICATE_KEY, ref.path, f"it names another {entity.singular}: {identity}"
            )
        elif is_new and ref.key not in row.claimed:
            row.claimed.append(ref.key)


async def _claimed(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, claims: Sequence[Claim]
) -> Mapping[tuple[str, str], tuple[uuid.UUID, bool]]:
    first = {ref.key: (row.id, ref) for row, ref in reversed(claims)}
    found = await find_known(connection, entity, actor, first)
    new = {key: claim for key, claim in first.items() if key not in found}
    if new:
        parameters = {
            **_keys(entity, actor, new),
            "record_ids": [identity for identity, _ in new.values()],
            "urls": [ref.url for _, ref in new.values()],
            "versions": [ref.source_version for _, ref in new.values()],
        }
        found |= await _read(connection, sql.CLAIM_KEYS, parameters, len(new))
        # A writer who came first had them meanwhile: they are known now.
        found |= await find_known(connection, entity, actor, [key for key in new if key not in found])
    if found.keys() != first.keys():
        raise ConflictError("A key was given to a record that was purged just now.", "Send it again.")
    return found


async def find_known(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, keys: Collection[ExternalKey]
) -> dict[tuple[str, str], tuple[uuid.UUID, bool]]:
    """Return the ids of the records that keys name, each with whether the key is new: it is not."""
    return await _read(connection, sql.FIND_KEYS, _keys(entity, actor, keys), len(keys)) if keys else {}


async def _read(
    connection: TenantConnection, statement: str, parameters: Mapping[str, object], count: int
) -> dict[tuple[str, str], tuple[uuid.UUID, bool]]:
    cursor = await execute(connection, statement, parameters, count)
    # A plain tuple is equal to the key that is made of it, and cheaper: this is done for each row.
    return {(system, name): (found, is_new) for system, name, found, is_new in await cursor.fetchall()}


def _keys(entity: EntityInfo, actor: Actor, keys: Iterable[ExternalKey]) -> dict[str, object]:
    listed = list(keys)
    return {
        "tenant": actor.tenant_id,
        "entity": entity.name,
        "systems": [key.system for key in listed],
        "external_ids": [key.id for key in listed],
    }


async def release_keys(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, rows: Iterable[UpsertRow]
) -> None:
    """Take the keys back from rows that were not written."""
    if keys := [key for row in rows for key in row.claimed]:
        await execute(connection, sql.RELEASE_KEYS, _keys(entity, actor, keys), len(keys))


async def check_source_versions(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, rows: Sequence[UpsertRow]
) -> None:
    """Refuse each row that is older than what its system has sent of the record before; they are locked."""
    asking = [row for row in rows if row.stored and any(ref.source_version for ref in row.refs)]
    if not asking:
        return
    parameters = {
        "tenant": actor.tenant_id,
        "entity": entity.name,
        "record_ids": [row.id for row in asking],
    }
    cursor = await connection.execute(sql.READ_SOURCE_VERSIONS, parameters)
    known: dict[tuple[uuid.UUID | None, str], list[str]] = {}
    for identity, system, version in await cursor.fetchall():
        known.setdefault((identity, system), []).append(version)
    for row in asking:
        for ref in row.refs:
            _refuse_older(row, ref, known.get((row.id, ref.key.system), ()))


def _refuse_older(row: UpsertRow, ref: RowKey, known: Iterable[str]) -> None:
    sent = ref.source_version
    path: RowPath = ("sourceVersion",) if ref is row.own else (*ref.path, "sourceVersion")
    if sent is None:
        return
    for before in known:
        try:
            older = is_older(sent, before)
        except ValueError as error:
            row.parsed.errors.append(to_user_error(error, path))
            return
        if older:
            message = f"{ref.key.system} has sent {before} before, which is newer than {sent}"
            row.add_error(ErrorCode.STALE_SOURCE, path, message)
            return


async def update_sync_info(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, rows: Iterable[UpsertRow]
) -> None:
    """Note on the keys of records that were there before what their systems have sent, and when."""
    noted = [
        (row, ref)
        for row in rows
        for ref in row.refs
        if ref.key not in row.claimed and (row.status is not Status.NOOP or ref.url or ref.source_version)
    ]
    if noted:
        parameters = {
            **_keys(entity, actor, (ref.key for _, ref in noted)),
            "urls": [ref.url for _, ref in noted],
            "versions": [ref.source_version for _, ref in noted],
            "written": [row.status is not Status.NOOP for row, _ in noted],
        }
        await execute(connection, sql.UPDATE_SYNC_INFO, parameters, len(noted))
