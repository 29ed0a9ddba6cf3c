"""Purge: removes a record for good, with all that hangs on it, after saying what that is.

What hangs on a record are the records that refer to it, those that refer to them, and so on, and the keys
that other systems have for any of them. The change table keeps what was, in an order in which each record
goes before those that it refers to.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.entities.scalar_types import INT
from tenure_core.errors import ConflictError
from tenure_core.plugins.write_set import RowWrite
from tenure_core.postgres.database import TenantConnection
from tenure_core.write import row_store, sql
from tenure_core.write.dependents import Dependents, Ids, deletion_order, find_dependents, group_by_entity
from tenure_core.write.results import ErrorCode, RowResult, Status
from tenure_core.write.rows.pending_row import EXPECTED_VERSION, PendingRow, Row, parse_ids
from tenure_core.write.rows.validate import to_user_error
from tenure_core.write.run_validators import collect_refusals, enabled_validators

EXPECTED_COUNTS = "expectedCounts"
"""What the input calls the numbers that a dry run has told before."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What came of a purge.

    Args:
        result: What became of the record.
        counts: How many records of each entity were removed, or would be.
    """

    result: RowResult
    counts: Mapping[str, int]


async def purge(
    connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor, sent: Row
) -> Purged:
    """Remove one record for good, with what hangs on it.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: What may hang on it.
        entity: What the record is of.
        actor: Whose tenant.
        sent: Its "id"; "dryRun" to remove nothing; "expectedVersion"; "expectedCounts", a list of "entity"
            and "count" as a dry run has told them: if other numbers would be removed, nothing is.

    Raises:
        ForbiddenError: Something hangs on it that the actor may not write.
    """
    draft = PendingRow({})
    parse_ids([draft], [sent.get("id")])
    draft.expect(sent.get(EXPECTED_VERSION))
    found: Ids = {}
    if draft.is_valid and draft.id:
        hanging = await _lock_with_all_hanging(connection, catalog, entity, actor, draft.id)
        await row_store.lock(connection, entity, actor, [draft])
        if draft.stored is None:
            draft.add_error(ErrorCode.NOT_FOUND, ("id",), f"there is no {entity.name} {draft.id}")
        else:
            found = group_by_entity(hanging)
            _require_write(catalog, actor, found)
            draft.check_version()
            _refuse_other_counts(draft, found, sent.get(EXPECTED_COUNTS))
            await _refuse_checked(connection, catalog, entity, actor, draft, found)
        if draft.is_valid and not sent.get("dryRun"):
            await _remove(connection, catalog, actor, hanging)
    draft.status = Status.PURGED
    return Purged(draft.result(0), {name: len(ids) for name, ids in found.items()})


async def _lock_with_all_hanging(
    connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor, identity: uuid.UUID
) -> Dependents:
    """Lock a record and all that hangs on it, in the order in which other writers lock, too."""
    found = await find_dependents(connection, catalog, entity, actor, identity)
    await row_store.lock_all(connection, catalog, actor, group_by_entity(found))
    if found != await find_dependents(connection, catalog, entity, actor, identity):
        raise ConflictError("What hangs on the record was changed just now.", "Send it again.")
    return found


def _require_write(catalog: Catalog, actor: Actor, found: Ids) -> None:
    """Return where the actor may remove all that was found, also what a disabled plugin has left there."""
    grants = authorize(actor, catalog).grants
    for name in found:
        grants.require_write(catalog[name])


async def _refuse_checked(
    connection: TenantConnection,
    catalog: Catalog,
    entity: EntityInfo,
    actor: Actor,
    draft: PendingRow,
    found: Ids,
) -> None:
    """Refuse it where a plugin has something against the loss of the record, or of one that hangs on it."""
    if not enabled_validators(catalog, actor):
        return
    for name, ids in found.items():
        rows = [RowWrite(identity, ChangeOperation.PURGE, {}) for identity in ids]
        for refusal in await collect_refusals(connection, catalog, catalog[name], actor, rows):
            own = refusal.row.id == draft.id
            message = refusal.message if own else f"{name} {refusal.row.id}: {refusal.message}"
            draft.add_error(ErrorCode.VALIDATOR_ERROR_CODE, refusal.path if own else ("id",), message)


def _refuse_other_counts(draft: PendingRow, found: Ids, expected: object) -> None:
    if expected is None:
        return
    try:
        wanted = _read_counts(expected)
    except ValueError as error:
        draft.parsed.errors.append(to_user_error(error, (EXPECTED_COUNTS,)))
        return
    counts = {name: len(ids) for name, ids in found.items()}
    if counts != wanted:
        told = ", ".join(f"{name}: {count}" for name, count in counts.items())
        draft.add_error(
            ErrorCode.COUNTS_DIFFER, (EXPECTED_COUNTS,), f"now it would remove {told}: see if that is meant"
        )


def _read_counts(expected: object) -> Mapping[str, object]:
    if not isinstance(expected, list) or not all(isinstance(one, Mapping) for one in expected):
        raise ValueError("expected a list of objects with entity and count")
    counts = {str(one.get("entity")): INT.parse(one.get("count")) for one in expected}
    return {name: count for name, count in counts.items() if count}


async def _remove(connection: TenantConnection, catalog: Catalog, actor: Actor, hanging: Dependents) -> None:
    """Remove records so that each is gone from the change feed before what it refers to."""
    for step in deletion_order(hanging):
        tables = tuple(catalog[name].table for name in step)
        by_table = {catalog[name].table.name: ids for name, ids in step.items()}
        await connection.execute(sql.purge(tables), {"tenant": actor.tenant_id, **by_table})
