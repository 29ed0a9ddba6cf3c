"""Upserts: rows whose records other systems name by their own keys, created or changed as need be."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from graphlib import TopologicalSorter

from uuid_utils.compat import uuid7

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.change_operation import Operation
from tenure_core.errors import ConflictError
from tenure_core.postgres.database import TenantConnection
from tenure_core.write import row_store
from tenure_core.write.diffs import Record, diff, read_records
from tenure_core.write.external_keys import (
    claim_added,
    claim_own,
    note_synced,
    refuse_older_sources,
    unclaim,
)
from tenure_core.write.field_ownership import foreign_fields
from tenure_core.write.references import Named, missing, refuse_circles, resolve
from tenure_core.write.results import ErrorCode, RowPath, RowResult, Status
from tenure_core.write.rows.match_key import OnConflict, UniqueKey, unique_field
from tenure_core.write.rows.pending_row import Foreign, sound
from tenure_core.write.rows.upsert_row import Incoming, read_rows
from tenure_core.write.rows.validate import complete, empty
from tenure_core.write.run_validators import refuse_checked
from tenure_core.write.uniqueness import find_by_unique_value, refuse_duplicates

WOULD = {
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
    call = _Call(connection, catalog, entity, actor)
    if not dry_run:
        return await call.write(rows, on_conflict)
    async with connection.transaction(force_rollback=True):
        return await call.try_out(rows, on_conflict)


class _Call:
    """One call: the rows on their way, and what they are written with."""

    def __init__(
        self, connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor
    ) -> None:
        self.connection = connection
        self.catalog = catalog
        self.entity = entity
        self.actor = actor
        self.at = connection, entity, actor
        self.rows: list[Incoming] = []
        self.active: list[Incoming] = []

    async def write(self, sent: Sequence[object], on_conflict: OnConflict) -> list[RowResult]:
        """Write the rows, and return what became of them."""
        await self._prepare(sent, on_conflict)
        await self._store()
        return [row.shown(index) for index, row in enumerate(self.rows)]

    async def try_out(self, sent: Sequence[object], on_conflict: OnConflict) -> list[RowResult]:
        """Write the rows, and return what became of them with what each has changed."""
        await self._prepare(sent, on_conflict)
        ids = [row.id for row in sound(self.active) if row.id]
        before = await read_records(*self.at, ids)
        await self._store()
        after = await read_records(*self.at, ids)
        return [
            _tried(self.entity, row.shown(index), before.get(row.id, {}), after.get(row.id))
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
        await claim_added(*self.at, [row for row in sound(self.rows) if not row.may_be_left_alone])
        unsettled = [row for row in sound(self.rows) if row.status is not Status.NOOP]
        await row_store.lock(*self.at, [row for row in unsettled if not row.is_new])
        self.active = [row for row in unsettled if not self._is_settled(row, foreign)]
        await claim_added(*self.at, [row for row in sound(self.active) if row.may_be_left_alone])
        await refuse_older_sources(*self.at, sound(self.active))
        await self._relate()
        await refuse_duplicates(*self.at, self.active)
        await refuse_checked(self.connection, self.catalog, self.entity, self.actor, self.active, _operation)
        self._refuse_orphans()

    async def _identify(self) -> None:
        """Give each row the id of its record, or of the one that it will create."""
        rows = sound(self.rows)
        for row in rows:
            row.id = row.match.key if row.match and isinstance(row.match.key, uuid.UUID) else uuid7()
        await find_by_unique_value(*self.at, rows)
        await claim_own(*self.at, [(row, row.own) for row in rows if row.own])

    async def _settle_unchanged(self) -> None:
        """Be done with rows that say nothing new, as most of a nightly file: their records need no lock."""
        plain = [row for row in sound(self.rows) if row.may_be_unchanged]
        unchanged = await row_store.unchanged(*self.at, plain)
        for row in plain:
            if row.id in unchanged:
                row.status = Status.NOOP

    def _is_settled(self, row: Incoming, foreign: Foreign) -> bool:
        """Fill the row up to what its record needs, and return whether nothing of it is left to write."""
        if row.stored is None:
            self._refuse_lost(row)
            named = _named_by(row)
            complete(self.entity, {**row.row, **named} if named else row.row, row.said)
        row.refuse_stale()
        if row.stored is not None and row.mode is OnConflict.SKIP:
            row.status = Status.NOOP
            return True
        if row.stored is not None and row.mode is OnConflict.REPLACE:
            kept = {**foreign, **_named_by(row)}
            complete(self.entity, {**kept, **row.row}, row.said)
            empty(self.entity, row.row, row.said, kept)
        if row.stored and row.stored.deleted:
            row.said.values["deleted_at"] = None
        return False

    def _refuse_lost(self, row: Incoming) -> None:
        """Refuse a row that means a record by what only a record that is there can have."""
        if row.match and isinstance(row.match.key, uuid.UUID):
            row.refuse(ErrorCode.NOT_FOUND, row.match.path, f"there is no {self.entity.name} {row.id}")
        elif row.match and isinstance(row.match.key, UniqueKey):
            self._name_by_unique_value(row, row.match.key, row.match.path)
        elif row.own and row.own.key not in row.claimed:
            raise ConflictError(
                f"{row.own.key.id!r} names a record that was purged just now.", "Send it again."
            )

    def _name_by_unique_value(self, row: Incoming, key: UniqueKey, path: RowPath) -> None:
        """Give a new record the value that it is matched by, unless only its plugin may give one."""
        one = unique_field(self.entity, key)
        if one.writable:
            row.said.values.setdefault(str(one.column.name), key.value)
        else:
            row.refuse(ErrorCode.NOT_FOUND, path, f"there is no {self.entity.name} {key.value!r}")

    async def _relate(self) -> None:
        """Find the records that rows refer to, also those of this call, and refuse circles."""
        rows = sound(self.active)
        said = [row.said for row in rows]
        await resolve(self.connection, self.catalog, self.actor.tenant_id, said, self._known(rows))
        rows = sound(rows)
        new = {row.id for row in rows if row.stored is None}
        referred = {row.said.values.get(r.column) for row in rows for r in row.said.references}
        among_themselves = not new.isdisjoint(referred)
        asked = {row.id: row.said for row in rows if row.id and (row.stored or among_themselves)}
        await refuse_circles(self.connection, self.entity, self.actor.tenant_id, asked)

    def _known(self, rows: Sequence[Incoming]) -> Named:
        """Return the records of this call that its rows may refer to."""
        name = self.entity.name
        if not any(reference.target == name for row in rows for reference in row.said.references):
            return {}
        by_key = {(name, ref.key): row.id for row in rows for ref in row.refs if row.id}
        return by_key | {(name, row.id): row.id for row in rows if row.id and row.stored}

    def _refuse_orphans(self) -> None:
        """Refuse each row that refers to a record which this call would have created, but won't."""
        lost = {row.id for row in self.active if not row.is_sound and row.stored is None}
        found = bool(lost)
        while found:
            found = False
            for row in sound(self.active):
                for reference in row.said.references:
                    if row.said.values[reference.column] in lost:
                        row.said.errors.append(missing(reference))
                        found = True
                if not row.is_sound and row.stored is None:
                    lost.add(row.id)

    async def _store(self) -> None:
        """Write the sound rows, new ones first: others may refer to them."""
        rows = sound(self.active)
        await row_store.insert(*self.at, _parents_first([row for row in rows if row.stored is None]))
        await row_store.change(*self.at, [row for row in rows if row.stored is not None])
        for row in rows:
            if row.status is Status.NOOP and row.claimed:
                row.status = Status.UPDATED
        await note_synced(*self.at, rows)
        await unclaim(*self.at, [row for row in self.rows if not row.is_sound])


def _operation(row: Incoming) -> Operation:
    if row.stored is None:
        return Operation.CREATE
    return Operation.RESTORE if row.stored.deleted else Operation.UPDATE


def _refuse_repeated(rows: Sequence[Incoming], key_of: Callable[[Incoming], Hashable]) -> None:
    """Refuse each row whose key an earlier row of the call has."""
    first: dict[Hashable, int] = {}
    for index, row in enumerate(rows):
        key = key_of(row)
        if key is not None and row.match and first.setdefault(key, index) != index:
            message = f"row {first[key]} of this call means the same record"
            row.refuse(ErrorCode.DUPLICATE_KEY, row.match.path, message)


def _parents_first(rows: Sequence[Incoming]) -> Sequence[Incoming]:
    """Return new rows in an order in which each follows those that it refers to: the change feed keeps it."""
    by_id = {row.id: row for row in rows}
    above = {
        row.id: by_id.keys() & {row.said.values[reference.column] for reference in row.said.references}
        for row in rows
        if row.said.references
    }
    if not any(above.values()):
        return rows
    first = {identity: by_id[identity] for identity in TopologicalSorter(above).static_order()}
    return list((first | by_id).values())


def _tried(entity: EntityInfo, result: RowResult, before: Record, after: Record | None) -> RowResult:
    """Return what would have become of a row; a record that would be new has no id to tell."""
    changes = () if after is None else diff(entity, before, after)
    status = WOULD.get(result.status, result.status)
    identity = None if status is Status.WOULD_CREATE else result.id
    return replace(result, status=status, diff=changes, id=identity)


def _named_by(row: Incoming) -> Mapping[str, object]:
    """Return the field that a row is matched by, which it need not say again."""
    key = row.match.key if row.match else None
    return {key.field: key.value} if isinstance(key, UniqueKey) else {}
