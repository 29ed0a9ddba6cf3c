"""Chunks: up to a thousand rows in one transaction, and what becomes of them where some are faulty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from psycopg import Rollback

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.write.operations.upsert import upsert
from tenure_core.write.results import RowResult, Status
from tenure_core.write.rows.match_key import OnConflict
from tenure_core.write.transaction import run_in_transaction


class ErrorPolicy(StrEnum):
    """What becomes of the others where a row is faulty.

    REJECT_EVERYTHING writes nothing then. REJECT_FAILED_ROWS writes the sound rows, and the faults of the
    others are errors of the call. IGNORE_FAILED does the same, but only their rows tell of them.
    """

    REJECT_EVERYTHING = "REJECT_EVERYTHING"
    REJECT_FAILED_ROWS = "REJECT_FAILED_ROWS"
    IGNORE_FAILED = "IGNORE_FAILED"


async def write_rows(
    database: Database,
    catalog: Catalog,
    entity: EntityInfo,
    actor: Actor,
    rows: Sequence[object],
    *,
    policy: ErrorPolicy = ErrorPolicy.REJECT_EVERYTHING,
    on_conflict: OnConflict = OnConflict.MERGE,
    dry_run: bool = False,
) -> list[RowResult]:
    """Upsert a chunk of rows in a transaction of its own, tried again where another write got in the way.

    Args:
        database: Where to write.
        catalog: Where references lead.
        entity: What the rows are of.
        actor: Who writes.
        rows: The rows, as `upsert` takes them; MAX_ROWS at most.
        policy: What becomes of the others where a row is faulty.
        on_conflict: What becomes of a record that is there already, where a row does not say.
        dry_run: Whether to write nothing, and tell what would become of the rows.

    Returns:
        A result per row, in order.
    """

    async def work(connection: TenantConnection) -> list[RowResult]:
        return await write_chunk(
            connection, catalog, entity, actor, rows, policy=policy, on_conflict=on_conflict, dry_run=dry_run
        )

    return await run_in_transaction(database, actor, work)


async def write_chunk(
    connection: TenantConnection,
    catalog: Catalog,
    entity: EntityInfo,
    actor: Actor,
    rows: Sequence[object],
    *,
    policy: ErrorPolicy,
    on_conflict: OnConflict,
    dry_run: bool,
) -> list[RowResult]:
    """Upsert a chunk of rows as part of a transaction: as `write_rows`, over a connection that is in one.

    A row that was not written only because another is faulty is SKIPPED.
    """
    results: list[RowResult] = []
    async with connection.transaction() as written:
        results = await upsert(
            connection, catalog, entity, actor, rows, on_conflict=on_conflict, dry_run=dry_run
        )
        if policy is ErrorPolicy.REJECT_EVERYTHING and not dry_run and any(r.refused for r in results):
            raise Rollback(written)
        return results
    return [_skipped(result) for result in results]


def _skipped(result: RowResult) -> RowResult:
    if result.refused or result.status is Status.NOOP:
        return result
    is_new = result.status is Status.CREATED
    return replace(result, status=Status.SKIPPED, id=None if is_new else result.id)
