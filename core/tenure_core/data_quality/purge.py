"""Purge: removes a record and its dependents permanently.

Dependents are the records that refer to it, and the records that refer to those. Their external keys are
removed too. The change table keeps their history; it records the removal of each record before the removal of
the records that it refers to.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from tenure_core.access.grants import EntityOperation
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.entities.scalar_types import INT
from tenure_core.errors import ConflictError, ForbiddenError
from tenure_core.write import sql
from tenure_core.write.context import EntityWriteContext, WriteContext
from tenure_core.write.dependents import (
    Dependents,
    RecordIds,
    RecordRef,
    deletion_order,
    find_dependents,
    group_by_entity,
)
from tenure_core.write.operations.crud import parse_ids
from tenure_core.write.results import ErrorCode, RowResult
from tenure_core.write.rows.pending_row import PendingRow, Row
from tenure_core.write.rows.validate import to_user_error
from tenure_core.write.steps import row_store
from tenure_core.write.steps.run_validators import collect_errors
from tenure_core.write.write_set import RowWrite

EXPECTED_COUNTS = "expectedCounts"
"""Key of the counts that the caller confirms."""


@dataclass(frozen=True, slots=True)
class PurgeResult:
    """The result of a purge.

    Args:
        result: The result of the record: PURGED or FAILED.
        counts: How many records were removed, or would be removed by a dry run, by entity name.
    """

    result: RowResult
    counts: Mapping[str, int]


async def purge(context: WriteContext, entity: EntityInfo, sent: Row) -> PurgeResult:
    """Remove a record and its dependents permanently.

    Args:
        context: The context of the write.
        entity: The entity of the record.
        sent: `id`, and optionally `dryRun` to remove nothing, `expectedVersion`, and `expectedCounts`, a list
            of `entity` and `count` as returned by a dry run: if the counts differ, nothing is removed.

    Raises:
        ForbiddenError: The actor may not write the entity of a dependent, or cannot see a dependent.
    """
    entity_context = context.for_entity(entity)
    row = PendingRow(0, sent, operation=ChangeOperation.PURGE)
    await parse_ids(entity_context, [row])
    ids: RecordIds = {}
    if row.is_valid and row.id:
        dependents, locked = await _lock_dependents(entity_context, row.id)
        await row_store.lock(entity_context, [row])
        if row.stored is None:
            row.add_error(ErrorCode.NOT_FOUND, ("id",), f"there is no {entity.name} {row.id}")
        else:
            ids = group_by_entity(dependents)
            _check_grants(context, row, ids, is_complete=locked == dependents.keys())
            await _check(entity_context, row, ids)
        if row.is_valid and not sent.get("dryRun"):
            await _delete(context, dependents)
    row.set_written()
    return PurgeResult(row.to_result(), _count(ids))


async def _lock_dependents(
    context: EntityWriteContext, record_id: uuid.UUID
) -> tuple[Dependents, set[RecordRef]]:
    """Lock a record and its dependents in the order of all writers, and return the locked ones too."""
    dependents = await find_dependents(context, record_id)
    locked = await row_store.lock_all(context, group_by_entity(dependents))
    if dependents != await find_dependents(context, record_id):
        raise ConflictError("The dependents of the record changed just now.", "Retry the request.")
    return dependents, locked


def _check_grants(context: WriteContext, row: PendingRow, ids: RecordIds, *, is_complete: bool) -> None:
    for name in ids:
        # This includes the entities of plugins that the tenant has disabled.
        context.grants.require_write(context.catalog[name], EntityOperation.PURGE)
    if not is_complete:
        raise ForbiddenError(
            f"Records that the role {context.grants.role} cannot see refer to the record {row.id}.",
            "Use a key with a role that can see them.",
        )


async def _check(context: EntityWriteContext, row: PendingRow, ids: RecordIds) -> None:
    """Check the version, counts and validators of a purge."""
    row.check_version()
    _check_counts(row, _count(ids))
    await _run_validators(context, row, ids)


def _check_counts(row: PendingRow, counts: Mapping[str, int]) -> None:
    expected = row.fields.get(EXPECTED_COUNTS)
    if expected is None:
        return
    try:
        parsed = _parse_counts(expected)
    except ValueError as error:
        row.parsed.errors.append(to_user_error(error, (EXPECTED_COUNTS,)))
        return
    if counts != parsed:
        actual = ", ".join(f"{name}: {count}" for name, count in counts.items())
        message = f"the purge would now remove {actual}; confirm these counts"
        row.add_error(ErrorCode.COUNTS_DIFFER, (EXPECTED_COUNTS,), message)


def _parse_counts(expected: object) -> Mapping[str, object]:
    if not isinstance(expected, list) or not all(isinstance(item, Mapping) for item in expected):
        raise ValueError("expected a list of objects with entity and count")
    counts = {str(item.get("entity")): INT.parse(item.get("count")) for item in expected}
    return {name: count for name, count in counts.items() if count}


def _count(ids: RecordIds) -> dict[str, int]:
    return {name: len(records) for name, records in ids.items()}


async def _run_validators(context: EntityWriteContext, row: PendingRow, ids: RecordIds) -> None:
    """Add the errors of validators for the record and for its dependents."""
    if not context.enabled_validators:
        return
    for name, records in ids.items():
        writes = [RowWrite(record, ChangeOperation.PURGE, {}) for record in records]
        for error in await collect_errors(context.for_entity(context.catalog[name]), writes):
            if error.row.id == row.id:
                row.add_error(ErrorCode.REJECTED, error.path, error.message)
            else:
                row.add_error(ErrorCode.REJECTED, ("id",), f"{name} {error.row.id}: {error.message}")


async def _delete(context: WriteContext, dependents: Dependents) -> None:
    """Delete records so that the change feed reports each before the records that it refers to."""
    for group in deletion_order(dependents):
        entities = tuple(context.catalog[name] for name in group)
        ids = {context.catalog[name].table.name: records for name, records in group.items()}
        await context.execute(sql.delete_records(entities, context.grants), ids)
