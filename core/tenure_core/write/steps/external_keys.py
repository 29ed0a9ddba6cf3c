"""External keys: steps that resolve, add and release the keys that other systems use for records."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.errors import ConflictError
from tenure_core.write.context import EntityWriteContext, WriteContext
from tenure_core.write.results import ErrorCode, RowPath, Status
from tenure_core.write.rows.match_key import RowKey, is_older
from tenure_core.write.rows.upsert_row import UpsertRow
from tenure_core.write.rows.validate import ExternalKey, to_user_error
from tenure_core.write.sql import KEY_LOOKUP, select_visible_ids

FIND_KEYS = f"SELECT *, false FROM ({KEY_LOOKUP}) AS named"
"""Finds the records of external keys; none of the keys is new."""

CLAIM_KEYS = """
INSERT INTO external_ref
  (tenant_id, entity, system, external_id, record_id, url, source_version, synced_at)
SELECT %(tenant)s, %(entity)s, system, external_id, record_id, url, source_version, now()
FROM unnest(
  %(systems)s::text[], %(external_ids)s::text[], %(record_ids)s::uuid[],
  %(urls)s::text[], %(versions)s::text[]
) AS given (system, external_id, record_id, url, source_version)
ORDER BY system, external_id
ON CONFLICT DO NOTHING
RETURNING system, external_id, record_id, true
"""
"""Adds external keys to records, and returns the added keys; existing keys keep their record.

A concurrent writer of a key waits for the first one. Keys are added in one order, which avoids deadlocks.
"""

READ_SOURCE_VERSIONS = """
SELECT record_id, system, source_version FROM external_ref
WHERE tenant_id = %(tenant)s AND entity = %(entity)s AND record_id = ANY(%(record_ids)s::uuid[])
  AND source_version IS NOT NULL
"""

UPDATE_SYNC_INFO = """
UPDATE external_ref AS ref SET
  url = coalesce(given.url, ref.url),
  source_version = coalesce(given.source_version, ref.source_version),
  synced_at = now()
FROM unnest(
  %(systems)s::text[], %(external_ids)s::text[],
  %(urls)s::text[], %(versions)s::text[], %(written)s::boolean[]
) AS given (system, external_id, url, source_version, written)
WHERE ref.tenant_id = %(tenant)s AND ref.entity = %(entity)s
  AND ref.system = given.system AND ref.external_id = given.external_id
  AND (given.written OR coalesce(given.url, ref.url) IS DISTINCT FROM ref.url
       OR coalesce(given.source_version, ref.source_version) IS DISTINCT FROM ref.source_version)
"""

RELEASE_KEYS = """
DELETE FROM external_ref AS ref
USING unnest(%(systems)s::text[], %(external_ids)s::text[]) AS key (system, external_id)
WHERE ref.tenant_id = %(tenant)s AND ref.entity = %(entity)s
  AND ref.system = key.system AND ref.external_id = key.external_id
"""

Claim = tuple[UpsertRow, RowKey]
"""A row, and a key to add to its record."""

KeyOwners = dict[tuple[str, str], tuple[uuid.UUID, bool]]
"""The record of each key, and whether the key was added just now.

The dictionary has plain tuples as keys: they equal an `ExternalKey` and are cheaper to create.
"""


async def resolve_match_keys(context: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Set the record id of rows that are matched by an external key.

    A new key is added for the id that the row has so far, which becomes the id of a new record.
    """
    claims = [(row, key) for row in rows if (key := row.own_key)]
    owners = await _claim_keys(context, claims)
    for row, key in claims:
        row.id, is_new = owners[key.key]
        if is_new:
            row.new_keys.append(key.key)
    return rows


async def add_keys(context: EntityWriteContext, rows: Iterable[UpsertRow]) -> None:
    """Add the `externalRefs` of rows to their records; a key of another record is an error."""
    claims = [(row, key) for row in rows for key in row.added_keys]
    owners = await _claim_keys(context, claims)
    others = [owners[key.key][0] for row, key in claims if owners[key.key][0] != row.id]
    visible = await _find_visible(context, others)
    for row, key in claims:
        record, is_new = owners[key.key]
        if record != row.id:
            owner = f": {record}" if record in visible else ""
            message = f"belongs to another {context.entity.singular}{owner}"
            row.add_error(ErrorCode.DUPLICATE_KEY, key.path, message)
        elif is_new and key.key not in row.new_keys:
            row.new_keys.append(key.key)


async def _find_visible(context: EntityWriteContext, ids: list[uuid.UUID]) -> set[uuid.UUID]:
    """Return the records that the caller can see, deleted ones included."""
    if not ids:
        return set()
    statement = select_visible_ids(context.entity, context.grants, include_deleted=True)
    cursor = await context.execute(statement, {"ids": ids}, len(ids))
    return {record for (record,) in await cursor.fetchall()}


async def _claim_keys(context: EntityWriteContext, claims: Sequence[Claim]) -> KeyOwners:
    """Return the records of keys, after adding the unknown keys to the records that claim them."""
    first = {key.key: (row.id, key) for row, key in reversed(claims)}
    owners = await find_known(context, context.entity, first)
    new = {key: claim for key, claim in first.items() if key not in owners}
    if new:
        parameters = {
            **key_parameters(context.entity, new),
            "record_ids": [record for record, _ in new.values()],
            "urls": [key.url for _, key in new.values()],
            "versions": [key.source_version for _, key in new.values()],
        }
        owners |= await _fetch_owners(context, CLAIM_KEYS, parameters, len(new))
        # The keys that were not inserted were added by another writer in the meantime.
        owners |= await find_known(context, context.entity, [key for key in new if key not in owners])
    if owners.keys() != first.keys():
        raise ConflictError("A key belongs to a record that was purged just now.", "Retry the request.")
    return owners


async def find_known(context: WriteContext, entity: EntityInfo, keys: Collection[ExternalKey]) -> KeyOwners:
    """Return the records of the keys that exist."""
    if not keys:
        return {}
    return await _fetch_owners(context, FIND_KEYS, key_parameters(entity, keys), len(keys))


async def _fetch_owners(
    context: WriteContext, statement: str, parameters: Mapping[str, object], row_count: int
) -> KeyOwners:
    cursor = await context.execute(statement, parameters, row_count)
    return {(system, key): (record, is_new) for system, key, record, is_new in await cursor.fetchall()}


def key_parameters(entity: EntityInfo, keys: Collection[ExternalKey]) -> dict[str, object]:
    """Return the parameters of a statement with external keys of an entity's records."""
    return {
        "entity": entity.name,
        "systems": [key.system for key in keys],
        "external_ids": [key.id for key in keys],
    }


async def release_keys(context: EntityWriteContext, rows: Iterable[UpsertRow]) -> None:
    """Delete the keys that were added for rows that are not written."""
    if keys := [key for row in rows for key in row.new_keys]:
        await context.execute(RELEASE_KEYS, key_parameters(context.entity, keys), len(keys))


async def check_source_versions(context: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Reject rows with a source version older than the one that their system sent before."""
    versioned = [row for row in rows if row.stored and any(key.source_version for key in row.keys)]
    if not versioned:
        return rows
    parameters = {"entity": context.entity.name, "record_ids": [row.id for row in versioned]}
    cursor = await context.execute(READ_SOURCE_VERSIONS, parameters)
    known: dict[tuple[uuid.UUID | None, str], list[str]] = {}
    for record, system, version in await cursor.fetchall():
        known.setdefault((record, system), []).append(version)
    for row in versioned:
        for key in row.keys:
            _check_source_version(row, key, known.get((row.id, key.key.system), ()))
    return [row for row in rows if row.is_valid]


def _check_source_version(row: UpsertRow, key: RowKey, known_versions: Iterable[str]) -> None:
    sent = key.source_version
    path: RowPath = ("sourceVersion",) if key is row.own_key else (*key.path, "sourceVersion")
    if sent is None:
        return
    for known in known_versions:
        try:
            stale = is_older(sent, known)
        except ValueError as error:
            row.parsed.errors.append(to_user_error(error, path))
            return
        if stale:
            message = f"{sent} is older than {known}, which {key.key.system} sent before"
            row.add_error(ErrorCode.STALE_SOURCE, path, message)
            return


async def update_sync_info(context: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Store the URL, source version and time of this sync for the keys that existed before."""
    synced = [
        (row, key)
        for row in rows
        for key in row.keys
        if key.key not in row.new_keys and (row.status is not Status.NOOP or key.url or key.source_version)
    ]
    if synced:
        parameters = {
            **key_parameters(context.entity, [key.key for _, key in synced]),
            "urls": [key.url for _, key in synced],
            "versions": [key.source_version for _, key in synced],
            "written": [row.status is not Status.NOOP for row, _ in synced],
        }
        await context.execute(UPDATE_SYNC_INFO, parameters, len(synced))
    return rows
