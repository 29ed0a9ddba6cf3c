"""Upsert: creates or updates records that rows match by external key, id or unique value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.write.context import EntityWriteContext, WriteContext
from tenure_core.write.diffs import RecordValues, diff, read_records
from tenure_core.write.field_ownership import find_foreign_fields
from tenure_core.write.pipeline import Step, run_steps
from tenure_core.write.results import RowResult, Status
from tenure_core.write.rows.match_key import OnConflict
from tenure_core.write.rows.upsert_row import UpsertRow, parse_rows
from tenure_core.write.steps import row_store
from tenure_core.write.steps import upsert as steps
from tenure_core.write.steps.external_keys import (
    check_source_versions,
    release_keys,
    resolve_match_keys,
    update_sync_info,
)
from tenure_core.write.steps.references import check_cycles, resolve_references
from tenure_core.write.steps.run_validators import run_validators
from tenure_core.write.steps.uniqueness import check_unique, find_by_unique_value

CHECK_STEPS: tuple[Step[UpsertRow], ...] = (
    steps.reject_repeated_keys,
    steps.assign_ids,
    find_by_unique_value,
    resolve_match_keys,
    steps.reject_repeated_records,
    steps.skip_unchanged,
    steps.add_keys,
    steps.lock_existing,
    steps.check_match,
    steps.apply_defaults_to_new,
    steps.check_versions,
    steps.skip_existing,
    steps.replace_existing,
    steps.restore_deleted,
    steps.add_keys_of_new,
    check_source_versions,
    resolve_references,
    check_cycles,
    check_unique,
    run_validators,
    steps.reject_dangling_references,
)
"""Steps that find and lock the records, and reject rows that must not be written."""

STORE_STEPS: tuple[Step[UpsertRow], ...] = (
    steps.sort_parents_first,
    row_store.insert,
    row_store.update,
    steps.count_new_keys_as_update,
    update_sync_info,
)
"""Steps that write the remaining rows."""

DRY_RUN_STATUS = MappingProxyType(
    {
        Status.CREATED: Status.WOULD_CREATE,
        Status.UPDATED: Status.WOULD_UPDATE,
        Status.RESTORED: Status.WOULD_UPDATE,
        Status.FAILED: Status.CONFLICT,
    }
)
"""The status that a dry run returns in place of the status of a write."""


async def upsert(
    context: WriteContext,
    entity: EntityInfo,
    rows: Sequence[object],
    *,
    on_conflict: OnConflict = OnConflict.MERGE,
    dry_run: bool = False,
) -> list[RowResult]:
    """Create or update records that rows match by external key, id or unique value.

    Concurrent calls with the same key do not create duplicates: the later call waits for the earlier one, and
    updates the record that it created. Rows may refer to records of other rows, in any order.

    Args:
        context: The context of the write.
        entity: The entity of the records.
        rows: JSON objects. `match` identifies the record by `externalRef`, `id` or `uniqueKey`. Besides field
            values, a row may contain `onConflict`, `expectedVersion` (0: the record must not exist),
            `sourceVersion`, `url`, and `externalRefs` to add.
        on_conflict: What to do with an existing record, for rows without `onConflict`. MERGE writes only the
            given fields; REPLACE also clears the other fields; SKIP leaves the record unchanged.
        dry_run: Whether to roll back the write, and return what it would do.

    Returns:
        A result per row, in order. CREATED, UPDATED, NOOP if the record already has all values, RESTORED if
        the record was deleted, or FAILED; in a dry run WOULD_CREATE, WOULD_UPDATE, NOOP or CONFLICT.
    """
    entity_context = context.for_entity(entity, await find_foreign_fields(context, entity))
    parsed = parse_rows(entity, rows, entity_context.foreign_fields, on_conflict)
    if not dry_run:
        return await _write(entity_context, parsed)
    async with context.connection.transaction(force_rollback=True):
        return await _try(entity_context, parsed)


async def _write(context: EntityWriteContext, rows: list[UpsertRow]) -> list[RowResult]:
    await run_steps(context, rows, (*CHECK_STEPS, *STORE_STEPS))
    await release_keys(context, [row for row in rows if not row.is_valid])
    return [row.to_result() for row in rows]


async def _try(context: EntityWriteContext, rows: list[UpsertRow]) -> list[RowResult]:
    """Write the rows, and return their results with the changes of each record."""
    writable = await run_steps(context, rows, CHECK_STEPS)
    ids = [row.id for row in writable if row.id]
    before = await read_records(context, ids)
    await run_steps(context, writable, STORE_STEPS)
    after = await read_records(context, ids)
    return [
        _to_dry_run_result(context.entity, row.to_result(), before.get(row.id, {}), after.get(row.id))
        for row in rows
    ]


def _to_dry_run_result(
    entity: EntityInfo, result: RowResult, before: RecordValues, after: RecordValues | None
) -> RowResult:
    """Return the result of a dry run; a record that would be created has no id yet."""
    changes = () if after is None else diff(entity, before, after)
    status = DRY_RUN_STATUS.get(result.status, result.status)
    record = None if status is Status.WOULD_CREATE else result.id
    return replace(result, status=status, diff=changes, id=record)
