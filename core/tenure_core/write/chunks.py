"""Writes a chunk of up to 1,000 upserted rows in one transaction, with an error policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from psycopg import Rollback

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.write.context import WriteContext
from tenure_core.write.operations.upsert import upsert
from tenure_core.write.results import RowResult, Status
from tenure_core.write.rows.match_key import OnConflict


class ErrorPolicy(StrEnum):
    """What happens to the valid rows of a call in which other rows have errors.

    REJECT_EVERYTHING writes nothing. REJECT_FAILED_ROWS writes the valid rows and also reports the errors of
    the other rows as errors of the call. IGNORE_FAILED writes the valid rows and reports the errors per row
    only.
    """

    REJECT_EVERYTHING = "REJECT_EVERYTHING"
    REJECT_FAILED_ROWS = "REJECT_FAILED_ROWS"
    IGNORE_FAILED = "IGNORE_FAILED"


async def write_chunk(
    context: WriteContext,
    entity: EntityInfo,
    rows: Sequence[object],
    *,
    policy: ErrorPolicy = ErrorPolicy.REJECT_EVERYTHING,
    on_conflict: OnConflict = OnConflict.MERGE,
    dry_run: bool = False,
) -> list[RowResult]:
    """Upsert a chunk of rows.

    Args:
        context: The context of the write.
        entity: The entity of the rows.
        rows: At most `MAX_ROWS` rows, as accepted by `upsert`.
        policy: What happens to the valid rows if other rows have errors.
        on_conflict: What to do with an existing record, for rows without `onConflict`.
        dry_run: Whether to roll back the write, and return what it would do.

    Returns:
        A result per row, in order. A valid row that is not written because of the policy is SKIPPED.
    """
    results: list[RowResult] = []
    async with context.connection.transaction() as transaction:
        results = await upsert(context, entity, rows, on_conflict=on_conflict, dry_run=dry_run)
        if policy is ErrorPolicy.REJECT_EVERYTHING and not dry_run and any(r.is_rejected for r in results):
            raise Rollback(transaction)
        return results
    return [_to_skipped(result) for result in results]


def _to_skipped(result: RowResult) -> RowResult:
    if result.is_rejected or result.status is Status.NOOP:
        return result
    is_new = result.status is Status.CREATED
    return replace(result, status=Status.SKIPPED, id=None if is_new else result.id)
