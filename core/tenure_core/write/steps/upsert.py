"""Steps that only an upsert has: how rows are matched to records, and what happens to existing records."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from uuid_utils.compat import uuid7

from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.errors import ConflictError
from tenure_core.write.context import EntityWriteContext
from tenure_core.write.results import ErrorCode, Status
from tenure_core.write.rows.match_key import OnConflict, UniqueKey, unique_field
from tenure_core.write.rows.pending_row import reject_repeated, skip_rows, valid_rows
from tenure_core.write.rows.upsert_row import UpsertRow
from tenure_core.write.rows.validate import apply_defaults, clear_unset
from tenure_core.write.steps import external_keys, row_store
from tenure_core.write.steps.references import missing_reference


async def reject_repeated_keys(_: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Reject rows with the same match key as an earlier row."""
    reject_repeated(rows, lambda row: row.match_key, lambda row: row.match_path)
    return valid_rows(rows)


async def assign_ids(_: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Assign the id that a row is matched by, or an id for a new record."""
    for row in rows:
        row.id = row.match_key if isinstance(row.match_key, uuid.UUID) else uuid7()
    return rows


async def reject_repeated_records(_: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Reject rows that match the same record as an earlier row by another key."""
    reject_repeated(rows, lambda row: row.id, lambda row: row.match_path)
    return valid_rows(rows)


async def skip_unchanged(context: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Skip rows whose values are already stored, as are most rows of a nightly sync, without locking them."""
    unchanged = await row_store.find_unchanged(context, [row for row in rows if row.may_be_unchanged])
    return skip_rows(rows, lambda row: row.id in unchanged)


async def add_keys(context: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Add the external keys of rows that are written whether or not their record exists."""
    await external_keys.add_keys(context, [row for row in rows if not row.may_skip])
    return valid_rows(rows)


async def lock_existing(context: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Lock the existing records, and set the operation of each row."""
    await row_store.lock(context, [row for row in rows if not row.is_new])
    for row in rows:
        if row.stored:
            row.operation = ChangeOperation.RESTORE if row.stored.deleted else ChangeOperation.UPDATE
    return rows


async def check_match(context: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Reject rows without a record if their match key cannot create one."""
    for row in rows:
        if row.stored is None:
            _check_creatable(context, row)
    await _reject_hidden(context, rows)
    return valid_rows(rows)


async def _reject_hidden(context: EntityWriteContext, rows: list[UpsertRow]) -> None:
    """Reject rows whose external key belongs to a record that the caller cannot see.

    Raises:
        ConflictError: The key no longer exists, because the record was purged in the meantime.
    """
    keys = [(row, row.own_key.key) for row in rows if not row.stored and row.own_key and not row.is_new]
    known = await external_keys.find_known(context, context.entity, [key for _, key in keys])
    for row, key in keys:
        if key not in known:
            raise ConflictError("A key belongs to a record that was purged just now.", "Retry the request.")
        message = f"there is no {context.entity.name} {key.id!r}"
        row.add_error(ErrorCode.NOT_FOUND, row.match_path, message)


def _check_creatable(context: EntityWriteContext, row: UpsertRow) -> None:
    key = row.match_key
    if isinstance(key, uuid.UUID):
        row.add_error(ErrorCode.NOT_FOUND, row.match_path, f"there is no {context.entity.name} {key}")
    elif isinstance(key, UniqueKey):
        field = unique_field(context.entity, key)
        if field.writable:
            row.parsed.values.setdefault(str(field.column.name), key.value)
        else:
            message = f"there is no {context.entity.name} {key.value!r}"
            row.add_error(ErrorCode.NOT_FOUND, row.match_path, message)


async def apply_defaults_to_new(context: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Apply field defaults to new records, and reject those that lack a required field."""
    for row in rows:
        if row.stored is None:
            apply_defaults(context.entity, {**row.fields, **_match_field(row)}, row.parsed)
    return rows


async def check_versions(_: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Reject rows whose record has a version other than the expected one."""
    for row in rows:
        row.check_version()
    return rows


async def skip_existing(_: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Skip rows with mode SKIP whose record exists."""
    return skip_rows(rows, lambda row: row.stored is not None and row.mode is OnConflict.SKIP)


async def replace_existing(context: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Clear the unset fields of existing records in mode REPLACE, except those that another system owns."""
    for row in rows:
        if row.stored and row.mode is OnConflict.REPLACE:
            kept = {**context.foreign_fields, **_match_field(row)}
            apply_defaults(context.entity, {**kept, **row.fields}, row.parsed)
            clear_unset(context.entity, row.fields, row.parsed, kept)
    return valid_rows(rows)


def _match_field(row: UpsertRow) -> Mapping[str, object]:
    """Return the field that the row is matched by; the row does not have to repeat it."""
    return {row.match_key.field: row.match_key.value} if isinstance(row.match_key, UniqueKey) else {}


async def restore_deleted(_: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Restore the soft-deleted records of rows."""
    for row in rows:
        if row.operation is ChangeOperation.RESTORE:
            row.parsed.values["deleted_at"] = None
    return rows


async def add_keys_of_new(context: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Add the external keys of rows with mode SKIP whose record does not exist."""
    await external_keys.add_keys(context, [row for row in rows if row.may_skip])
    return valid_rows(rows)


async def reject_dangling_references(_: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Reject rows that refer to a record which a rejected row of this call was to create."""
    remaining: list[UpsertRow] = []
    while len(remaining) != len(rows):
        remaining, rows = rows, _keep_resolved(rows)
    return rows


def _keep_resolved(rows: list[UpsertRow]) -> list[UpsertRow]:
    ids = {row.id for row in rows}
    for row in rows:
        for reference in row.call_references:
            if row.parsed.values[reference.column] not in ids:
                row.parsed.errors.append(missing_reference(reference))
    return valid_rows(rows)


async def sort_parents_first(_: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Sort new records after the records that they refer to; the change feed preserves this order."""
    if not any(row.call_references for row in rows):
        return rows
    by_id: dict[object, UpsertRow] = {row.id: row for row in rows}
    parents = {row.id: [row.parsed.values[ref.column] for ref in row.call_references] for row in rows}
    try:
        order = list(TopologicalSorter(parents).static_order())
    except CycleError:
        # Only references through different fields can form a cycle here; no order satisfies all of them.
        return rows
    return [by_id[record] for record in order if record in by_id]


async def count_new_keys_as_update(_: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Set the status UPDATED for rows that changed no field but added a key."""
    for row in rows:
        if row.status is Status.NOOP and row.new_keys:
            row.status = Status.UPDATED
    return rows
