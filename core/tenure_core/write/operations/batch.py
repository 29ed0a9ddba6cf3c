"""Batches: writes of several entities in one transaction, where a later one refers to an earlier."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from psycopg import Rollback

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo, ToOne
from tenure_core.postgres.database import TenantConnection
from tenure_core.write.external_keys import find_known
from tenure_core.write.operations.crud import create, delete, restore, update
from tenure_core.write.operations.upsert import upsert
from tenure_core.write.results import ErrorCode, RowResult, Status, UserError
from tenure_core.write.row_store import lock_all
from tenure_core.write.rows.match_key import MatchKey, read_match
from tenure_core.write.rows.pending_row import Row
from tenure_core.write.rows.validate import ExternalKey, record_id

MAX_OPERATIONS = 1_000
"""How many operations a batch has at most."""

Write = Callable[[TenantConnection, Catalog, EntityInfo, Actor, Sequence[Row]], Awaitable[list[RowResult]]]


WRITES: Mapping[str, Write] = MappingProxyType(
    {"Create": create, "Update": update, "Upsert": upsert, "Delete": delete, "Restore": restore}
)
"""What each verb of a mutation's name does with rows."""


@dataclass(frozen=True, slots=True)
class BatchOperation:
    """One write of a batch.

    Args:
        entity: What it writes.
        verb: One of WRITES.
        row: What it writes; a reference may be {"operation": N}, the record that operation N has written.
    """

    entity: EntityInfo
    verb: str
    row: Row


async def run_batch(
    connection: TenantConnection,
    catalog: Catalog,
    actor: Actor,
    operations: Sequence[BatchOperation],
    *,
    atomic: bool,
) -> list[RowResult]:
    """Do operations one after the other.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: Where references lead.
        actor: Who writes.
        operations: What to write, MAX_OPERATIONS at most.
        atomic: Whether one that fails takes all others back.

    Returns:
        A result per operation; where a failure took it back, or kept it from being tried, it is SKIPPED.
    """
    results: list[RowResult] = []
    await _lock_named(connection, catalog, actor, operations)
    async with connection.transaction() as done:
        for index, operation in enumerate(operations):
            results.append(await _do(connection, catalog, actor, operation, index, operations, results))
            if atomic and results[-1].refused:
                raise Rollback(done)
        return results
    skipped = [RowResult(index, Status.SKIPPED, None) for index in range(len(operations))]
    return [*skipped[: len(results) - 1], results[-1], *skipped[len(results) :]]


async def _lock_named(
    connection: TenantConnection, catalog: Catalog, actor: Actor, operations: Sequence[BatchOperation]
) -> None:
    """Lock the records that operations name by ids or external keys."""
    ids: dict[str, set[uuid.UUID]] = {}
    for entity in {operation.entity for operation in operations}:
        keys = [_key(operation) for operation in operations if operation.entity is entity]
        external = {key for key in keys if isinstance(key, ExternalKey)}
        known = await find_known(connection, entity, actor, external)
        ids[entity.name] = {identity for identity, _ in known.values()}
        ids[entity.name].update(key for key in keys if isinstance(key, uuid.UUID))
    await lock_all(connection, catalog, actor, ids)


def _key(operation: BatchOperation) -> MatchKey | None:
    """Return what names an operation's record; None where it is new, or unreadable, as its write will say."""
    row = operation.row
    try:
        return read_match(operation.entity, row.get("match")).key if "match" in row else record_id(row["id"])
    except (KeyError, ValueError):
        return None


async def _do(
    connection: TenantConnection,
    catalog: Catalog,
    actor: Actor,
    operation: BatchOperation,
    index: int,
    operations: Sequence[BatchOperation],
    results: Sequence[RowResult],
) -> RowResult:
    made = {
        number: (operations[number].entity.name, result.id)
        for number, result in enumerate(results)
        if result.id and not result.refused
    }
    row, errors = _with_results(operation, made)
    if errors:
        return RowResult(index, Status.FAILED, None, tuple(errors))
    [result] = await WRITES[operation.verb](connection, catalog, operation.entity, actor, [row])
    return replace(result, index=index)


def _with_results(
    operation: BatchOperation, made: Mapping[int, tuple[str, uuid.UUID]]
) -> tuple[Row, list[UserError]]:
    """Return an operation's row with ids in place of the numbers of earlier operations."""
    row, errors = dict(operation.row), []
    for one in operation.entity.references:
        value = row.get(one.name)
        if isinstance(value, Mapping) and value.keys() == {"operation"}:
            entity, identity = made.get(value["operation"], ("", None))
            if entity == one.target:
                row[one.name] = {"id": identity}
            else:
                errors.append(_nothing_made(one, value["operation"]))
    return row, errors


def _nothing_made(one: ToOne, number: object) -> UserError:
    message = f"no earlier operation {number} has written a record of {one.target}"
    return UserError(ErrorCode.NOT_FOUND, (one.name, "operation"), message)
