"""Create, update, delete and restore: the write operations on records by id.

Each operation is a list of steps, and takes as many statements for one row as for a thousand. Valid rows are
written; a row with errors is not, and its result contains the errors. The caller owns the transaction, and
decides whether the valid rows are kept if others have errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from uuid_utils.compat import uuid7

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.write.context import EntityWriteContext, WriteContext
from tenure_core.write.field_ownership import find_foreign_fields, validate_own_fields
from tenure_core.write.pipeline import Step, run_steps
from tenure_core.write.results import ErrorCode, RowResult
from tenure_core.write.rows.pending_row import (
    EXPECTED_VERSION,
    PendingRow,
    Row,
    reject_repeated,
    skip_rows,
    valid_rows,
)
from tenure_core.write.rows.validate import record_id, to_user_error
from tenure_core.write.steps import row_store
from tenure_core.write.steps.references import check_cycles, resolve_references
from tenure_core.write.steps.run_validators import run_validators
from tenure_core.write.steps.uniqueness import check_unique

NOT_FIELDS = frozenset(("id", EXPECTED_VERSION))
"""Keys of a row that are not fields of the record, except in a row that creates one."""


async def create(context: WriteContext, entity: EntityInfo, rows: Sequence[Row]) -> list[RowResult]:
    """Create records.

    Args:
        context: The context of the write.
        entity: The entity of the records.
        rows: The field values of each record. Ids are assigned in the order of the rows.

    Returns:
        A result per row: CREATED or FAILED.
    """
    foreign = await find_foreign_fields(context, entity)
    return await _run(context.for_entity(entity, foreign), ChangeOperation.CREATE, rows, CREATE_STEPS)


async def update(context: WriteContext, entity: EntityInfo, rows: Sequence[Row]) -> list[RowResult]:
    """Update records.

    Args:
        context: The context of the write.
        entity: The entity of the records.
        rows: The `id` of each record and the fields to update. A field that is not included keeps its value;
            null clears it. With `expectedVersion`, a record of another version is not updated.

    Returns:
        A result per row: UPDATED, NOOP if the record already has all values, or FAILED.
    """
    foreign = await find_foreign_fields(context, entity)
    return await _run(context.for_entity(entity, foreign), ChangeOperation.UPDATE, rows, UPDATE_STEPS)


async def delete(context: WriteContext, entity: EntityInfo, rows: Sequence[Row]) -> list[RowResult]:
    """Soft-delete records. They keep their data; `restore` undoes the deletion.

    Args:
        context: The context of the write.
        entity: The entity of the records.
        rows: The `id` of each record, and optionally `expectedVersion`.

    Returns:
        A result per row: DELETED, NOOP if the record was already deleted, or FAILED.
    """
    return await _run(context.for_entity(entity), ChangeOperation.DELETE, rows, DELETE_STEPS)


async def restore(context: WriteContext, entity: EntityInfo, rows: Sequence[Row]) -> list[RowResult]:
    """Restore soft-deleted records.

    Args:
        context: The context of the write.
        entity: The entity of the records.
        rows: The `id` of each record, and optionally `expectedVersion`.

    Returns:
        A result per row: RESTORED, NOOP if the record was not deleted, or FAILED.
    """
    return await _run(context.for_entity(entity), ChangeOperation.RESTORE, rows, RESTORE_STEPS)


async def _run(
    context: EntityWriteContext,
    operation: ChangeOperation,
    sent: Iterable[Row],
    steps: Iterable[Step[PendingRow]],
) -> list[RowResult]:
    rows = [PendingRow(index, row, operation=operation) for index, row in enumerate(sent)]
    await run_steps(context, rows, steps)
    return [row.to_result() for row in rows]


async def parse_fields(context: EntityWriteContext, rows: list[PendingRow]) -> list[PendingRow]:
    """Validate the fields of the rows; fields that another system owns are rejected or ignored."""
    for row in rows:
        creating = row.operation is ChangeOperation.CREATE
        fields = row.fields if creating else {n: v for n, v in row.fields.items() if n not in NOT_FIELDS}
        _, row.parsed, row.notes = validate_own_fields(
            context.entity, fields, context.foreign_fields, creating=creating
        )
    return rows


async def assign_ids(_: EntityWriteContext, rows: list[PendingRow]) -> list[PendingRow]:
    """Assign an id to each new record."""
    for row in rows:
        row.id = uuid7()
    return rows


async def parse_ids(_: EntityWriteContext, rows: list[PendingRow]) -> list[PendingRow]:
    """Parse the record id and the expected version of each row; an id must not be repeated."""
    for row in rows:
        try:
            row.id = record_id(row.fields.get("id"))
        except ValueError as error:
            row.parsed.errors.append(to_user_error(error, ("id",)))
        row.read_expected_version(row.fields)
    reject_repeated(rows, lambda row: row.id, lambda _: ("id",))
    return rows


async def check_stored(context: EntityWriteContext, rows: list[PendingRow]) -> list[PendingRow]:
    """Reject rows whose record does not exist, or has a version other than the expected one."""
    for row in valid_rows(rows):
        if row.stored is None or (row.stored.deleted and row.operation is ChangeOperation.UPDATE):
            message = f"there is no {context.entity.name} {row.id}, or it is deleted"
            row.add_error(ErrorCode.NOT_FOUND, ("id",), message)
        else:
            row.check_version()
    return rows


async def skip_unchanged(_: EntityWriteContext, rows: list[PendingRow]) -> list[PendingRow]:
    """Skip rows that delete a deleted record, or restore one that is not deleted."""
    return skip_rows(valid_rows(rows), lambda row: row.is_alive is (row.operation is ChangeOperation.RESTORE))


CREATE_STEPS: tuple[Step[PendingRow], ...] = (
    parse_fields,
    assign_ids,
    resolve_references,
    check_unique,
    run_validators,
    row_store.insert,
)

UPDATE_STEPS: tuple[Step[PendingRow], ...] = (
    parse_fields,
    parse_ids,
    row_store.lock,
    check_stored,
    resolve_references,
    check_cycles,
    check_unique,
    run_validators,
    row_store.update,
)

DELETE_STEPS: tuple[Step[PendingRow], ...] = (
    parse_ids,
    row_store.lock,
    check_stored,
    skip_unchanged,
    run_validators,
    row_store.set_deleted,
)

RESTORE_STEPS: tuple[Step[PendingRow], ...] = (
    parse_ids,
    row_store.lock,
    check_stored,
    skip_unchanged,
    check_unique,
    run_validators,
    row_store.set_deleted,
)
