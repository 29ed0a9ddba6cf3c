"""Upserts: rows whose records other systems name by their own keys, created or changed as need be."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from graphlib import TopologicalSorter

from uuid_utils.compat import uuid7

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.errors import ConflictError
from tenure_core.postgres.database import TenantConnection
from tenure_core.write import row_store
from tenure_core.write.diffs import RecordValues, diff, read_records
from tenure_core.write.external_keys import (
    add_keys,
    check_source_versions,
    release_keys,
    resolve_match_keys,
    update_sync_info,
)
from tenure_core.write.field_ownership import foreign_fields
from tenure_core.write.references import Named, check_cycles, missing, resolve
from tenure_core.write.results import ErrorCode, RowPath, RowResult, Status
from tenure_core.write.rows.match_key import OnConflict, UniqueKey, unique_field
from tenure_core.write.rows.pending_row import ForeignFields, valid_rows
from tenure_core.write.rows.upsert_row import UpsertRow, read_rows
from tenure_core.write.rows.validate import apply_defaults, clear_unset
from tenure_core.write.run_validators import run_validators
from tenure_core.write.uniqueness import check_unique, find_by_unique_value

DRY_RUN_STATUS = {
    Status.CREATED: Status.WOULD_CREATE,
    Status.UPDATED: Status.WOULD_UPDATE,
    Status.RESTORED: Status.WOULD_UPDATE,
    Status.FAILED: Status.CONFLICT,
}
"""What a dry run calls what would become of a row."""


async def upsert(
    connection: TenantConnection,
    catalog: Catalog,
    entity: EntityInfo,
    actor: Actor,
    rows: Sequence[object],
    *,
    on_conflict: OnConflict = OnConflict.MERGE,
    dry_run: bool = False,
) -> list[RowResult]:
    """Create or change records by keys that their writers know.

    Two writers of one key don't double it: the later waits for the earlier, and changes what that created.
    Rows may refer to one another's records, in any order.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: Where references lead.
        entity: What the rows are of.
        actor: Who writes.
        rows: JSON objects: `match` says which record is meant, by `externalRef`, `id` or `uniqueKey`; beside
            the record's fields there may be `onConflict`, `expectedVersion` (0: it must be new),
            `sourceVersion`, `url` and `externalRefs` to add.
        on_conflict: What becomes of a record that is there already, where a row does not say: MERGE changes
            what the row says, REPLACE empties all else, SKIP leaves it alone.
        dry_run: Whether to take everything back, and tell what would have become of the rows.

    Returns:
        A result per row, in order: CREATED, UPDATED, NOOP where the row says nothing new, RESTORED where the
        record was deleted, or FAILED; in a dry run WOULD_CREATE, WOULD_UPDATE, NOOP or CONFLICT.
    """
    call = UpsertRun(connection, catalog, entity, actor)
    if not dry_run:
        return await call.write(rows, on_conflict)
    async with connection.transaction(force_rollback=True):
        return await call.try_out(rows, on_conflict)


class UpsertRun:
    """One call: the rows on their way, and what they are written with."""

    def __init__(
        self, connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor
    ) -> None:
        self.connection = connection
        self.catalog = catalog
        self.entity = entity
        self.actor = actor
        self.at = connection, entity, actor
        self.rows: list[UpsertRow] = []
        self.active: list[UpsertRow] = []

    async def write(self, sent: Sequence[object], on_conflict: OnConflict) -> list[RowResult]:
        """Write the rows, and return what became of them."""
        await self._prepare(sent, on_conflict)
        await self._store()
        return [row.to_result(index) for index, row in enumerate(self.rows)]

    async def try_out(self, sent: Sequence[object], on_conflict: OnConflict) -> list[RowResult]:
        """Write the rows, and return what became of them with what each has changed."""
        await self._prepare(sent, on_conflict)
        ids = [row.id for row in valid_rows(self.active) if row.id]
        before = await read_records(*self.at, ids)
        await self._store()
        after = await read_records(*self.at, ids)
        return [
            _tried(self.entity, row.to_result(index), before.get(row.id, {}), after.get(row.id))
            for index, row in enumerate(self.rows)
        ]

    async def _prepare(self, sent: Sequence[object], on_conflict: OnConflict) -> None:
        """Find and lock the rows' records, and refuse each row that can't be written."""
        foreign = await foreign_fields(*self.at)
        self.rows = read_rows(self.entity, sent, foreign, on_conflict)
        _refuse_repeated(self.rows, lambda row: row.match and row.match.key)
        await self._identify()
        _refuse_repeated(self.rows, lambda row: row.id)
        await self._settle_unchanged()
        await add_keys(*self.at, [row for row in valid_rows(self.rows) if not row.may_skip])
        unsettled = [row for row in valid_rows(self.rows) if row.status is not Status.NOOP]
        await row_store.lock(*self.at, [row for row in unsettled if not row.is_new])
        self.active = [row for row in unsettled if not self._is_settled(row, foreign)]
        await add_keys(*self.at, [row for row in valid_rows(self.active) if row.may_skip])
        await check_source_versions(*self.at, valid_rows(self.active))
        await self._relate()
        await check_unique(*self.at, self.active)
        await run_validators(self.connection, self.catalog, self.entity, self.actor, self.active, _operation)
        self._refuse_orphans()

    async def _identify(self) -> None:
        """Give each row the id of its record, or of the one that it will create."""
        rows = valid_rows(self.rows)
        for row in rows:
            row.id = row.match.key if row.match and isinstance(row.match.key, uuid.UUID) else uuid7()
        await find_by_unique_value(*self.at, rows)
        await resolve_match_keys(*self.at, [(row, row.own) for row in rows if row.own])

    async def _settle_unchanged(self) -> None:
        """Be done with rows that say nothing new, as most of a nightly file: their records need no lock."""
        plain = [row for row in valid_rows(self.rows) if row.may_be_unchanged]
        unchanged = await row_store.find_unchanged(*self.at, plain)
        for row in plain:
            if row.id in unchanged:
                row.status = Status.NOOP

    def _is_settled(self, row: UpsertRow, foreign: ForeignFields) -> bool:
        """Fill the row up to what its record needs, and return whether nothing of it is left to write."""
        if row.stored is None:
            self._refuse_lost(row)
            named = _named_by(row)
            apply_defaults(self.entity, {**row.row, **named} if named else row.row, row.parsed)
        row.check_version()
        if row.stored is not None and row.mode is OnConflict.SKIP:
            row.status = Status.NOOP
            return True
        if row.stored is not None and row.mode is OnConflict.REPLACE:
            kept = {**foreign, **_named_by(row)}
            apply_defaults(self.entity, {**kept, **row.row}, row.parsed)
            clear_unset(self.entity, row.row, row.parsed, kept)
        if row.stored and row.stored.deleted:
            row.parsed.values["deleted_at"] = None
        return False

    def _refuse_lost(self, row: UpsertRow) -> None:
        """Refuse a row that means a record by what only a record that is there can have."""
        if row.match and isinstance(row.match.key, uuid.UUID):
            row.add_error(ErrorCode.NOT_FOUND, row.match.path, f"there is no {self.entity.name} {row.id}")
        elif row.match and isinstance(row.match.key, UniqueKey):
            self._name_by_unique_value(row, row.match.key, row.match.path)
        elif row.own and row.own.key not in row.claimed:
            raise ConflictError(
                f"{row.own.key.id!r} names a record that was purged just now.", "Send it again."
            )

    def _name_by_unique_value(self, row: UpsertRow, key: UniqueKey, path: RowPath) -> None:
        """Give a new record the value that it is matched by, unless only its plugin may give one."""
        one = unique_field(self.entity, key)
        if one.writable:
            row.parsed.values.setdefault(str(one.column.name), key.value)
        else:
            row.add_error(ErrorCode.NOT_FOUND, path, f"there is no {self.entity.name} {key.value!r}")

    async def _relate(self) -> None:
        """Find the records that rows refer to, also those of this call, and refuse circles."""
        rows = valid_rows(self.active)
        said = [row.parsed for row in rows]
        await resolve(self.connection, self.catalog, self.actor.tenant_id, said, self._known(rows))
        rows = valid_rows(rows)
        new = {row.id for row in rows if row.stored is None}
        referred = {row.parsed.values.get(r.column) for row in rows for r in row.parsed.references}
        among_themselves = not new.isdisjoint(referred)
        asked = {row.id: row.parsed for row in rows if row.id and (row.stored or among_themselves)}
        await check_cycles(self.connection, self.entity, self.actor.tenant_id, asked)

    def _known(self, rows: Sequence[UpsertRow]) -> Named:
        """Return the records of this call that its rows may refer to."""
        name = self.entity.name
        if not any(reference.target == name for row in rows for reference in row.parsed.references):
            return {}
        by_key = {(name, ref.key): row.id for row in rows for ref in row.refs if row.id}
        return by_key | {(name, row.id): row.id for row in rows if row.id and row.stored}

    def _refuse_orphans(self) -> None:
        """Refuse each row that refers to a record which this call would have created, but won't."""
        lost = {row.id for row in self.active if not row.is_valid and row.stored is None}
        found = bool(lost)
        while found:
            found = False
            for row in valid_rows(self.active):
                for reference in row.parsed.references:
                    if row.parsed.values[reference.column] in lost:
                        row.parsed.errors.append(missing(reference))
                        found = True
                if not row.is_valid and row.stored is None:
                    lost.add(row.id)

    async def _store(self) -> None:
        """Write the sound rows, new ones first: others may refer to them."""
        rows = valid_rows(self.active)
        await row_store.insert(*self.at, _parents_first([row for row in rows if row.stored is None]))
        await row_store.update(*self.at, [row for row in rows if row.stored is not None])
        for row in rows:
            if row.status is Status.NOOP and row.claimed:
                row.status = Status.UPDATED
        await update_sync_info(*self.at, rows)
        await release_keys(*self.at, [row for row in self.rows if not row.is_valid])


def _operation(row: UpsertRow) -> ChangeOperation:
    if row.stored is None:
        return ChangeOperation.CREATE
    return ChangeOperation.RESTORE if row.stored.deleted else ChangeOperation.UPDATE


def _refuse_repeated(rows: Sequence[UpsertRow], key_of: Callable[[UpsertRow], Hashable]) -> None:
    """Refuse each row whose key an earlier row of the call has."""
    first: dict[Hashable, int] = {}
    for index, row in enumerate(rows):
        key = key_of(row)
        if key is not None and row.match and first.setdefault(key, index) != index:
            message = f"row {first[key]} of this call means the same record"
            row.add_error(ErrorCode.DUPLICATE_KEY, row.match.path, message)


def _parents_first(rows: Sequence[UpsertRow]) -> Sequence[UpsertRow]:
    """Return new rows in an order in which each follows those that it refers to: the change feed keeps it."""
    by_id = {row.id: row for row in rows}
    above = {
        row.id: by_id.keys() & {row.parsed.values[reference.column] for reference in row.parsed.references}
        for row in rows
        if row.parsed.references
    }
    if not any(above.values()):
        return rows
    first = {identity: by_id[identity] for identity in TopologicalSorter(above).static_order()}
    return list((first | by_id).values())


def _tried(
    entity: EntityInfo, result: RowResult, before: RecordValues, after: RecordValues | None
) -> RowResult:
    """Return what would have become of a row; a record that would be new has no id to tell."""
    changes = () if after is None else diff(entity, before, after)
    status = DRY_RUN_STATUS.get(result.status, result.status)
    identity = None if status is Status.WOULD_CREATE else result.id
    return replace(result, status=status, diff=changes, id=identity)


def _named_by(row: UpsertRow) -> Mapping[str, object]:
    """Return the field that a row is matched by, which it need not say again."""
    key = row.match.key if row.match else None
    return {key.field: key.value} if isinstance(key, UniqueKey) else {}
