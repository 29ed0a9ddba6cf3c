"""Batch: writes of several entities in one transaction. An operation may refer to earlier operations."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from psycopg import Rollback

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.fields import ToOne
from tenure_core.write.context import WriteContext
from tenure_core.write.operations.crud import create, delete, restore, update
from tenure_core.write.operations.upsert import upsert
from tenure_core.write.results import ErrorCode, RowResult, Status, UserError
from tenure_core.write.rows.match_key import MatchKey, read_match
from tenure_core.write.rows.pending_row import Row
from tenure_core.write.rows.validate import ExternalKey, record_id
from tenure_core.write.steps.external_keys import find_known
from tenure_core.write.steps.row_store import lock_all

MAX_OPERATIONS = 1_000
"""Maximum number of operations in a batch."""

WriteFunction = Callable[[WriteContext, EntityInfo, Sequence[Row]], Awaitable[list[RowResult]]]

WRITES: Mapping[str, WriteFunction] = MappingProxyType(
    {"Create": create, "Update": update, "Upsert": upsert, "Delete": delete, "Restore": restore}
)
"""The write operations, by the suffix of their mutation names."""


@dataclass(frozen=True, slots=True)
class BatchOperation:
    """A write of a batch.

    Args:
        entity: The entity of the record.
        verb: A key of `WRITES`.
        row: The row. A reference `{"operation": N}` refers to the record that operation N wrote.
    """

    entity: EntityInfo
    verb: str
    row: Row


async def run_batch(
    context: WriteContext, operations: Sequence[BatchOperation], *, atomic: bool
) -> list[RowResult]:
    """Run operations in order.

    Args:
        context: The context of the write.
        operations: At most `MAX_OPERATIONS` operations.
        atomic: Whether the first error stops the batch and rolls back all its operations.

    Returns:
        A result per operation. An operation that was rolled back or not run is SKIPPED.
    """
    results: list[RowResult] = []
    await _lock_records(context, operations)
    async with context.connection.transaction() as transaction:
        for operation in operations:
            results.append(await _run_operation(context, operation, operations, results))
            if atomic and results[-1].is_rejected:
                raise Rollback(transaction)
        return results
    skipped = [RowResult(index, Status.SKIPPED, None) for index in range(len(operations))]
    return [*skipped[: len(results) - 1], results[-1], *skipped[len(results) :]]


async def _lock_records(context: WriteContext, operations: Sequence[BatchOperation]) -> None:
    """Lock the records that operations refer to by id or external key."""
    ids: dict[str, set[uuid.UUID]] = {}
    for entity in {operation.entity for operation in operations}:
        keys = [_parse_key(operation) for operation in operations if operation.entity is entity]
        known = await find_known(context, entity, {key for key in keys if isinstance(key, ExternalKey)})
        ids[entity.name] = {record for record, _ in known.values()}
        ids[entity.name].update(key for key in keys if isinstance(key, uuid.UUID))
    await lock_all(context, ids)


def _parse_key(operation: BatchOperation) -> MatchKey | None:
    """Return the key of an operation's record; None for a new record, or if the operation will reject it."""
    row = operation.row
    try:
        return read_match(operation.entity, row.get("match")).key if "match" in row else record_id(row["id"])
    except (KeyError, ValueError):
        return None


async def _run_operation(
    context: WriteContext,
    operation: BatchOperation,
    operations: Sequence[BatchOperation],
    results: Sequence[RowResult],
) -> RowResult:
    index = len(results)
    records = {
        result.index: (operations[result.index].entity.name, result.id)
        for result in results
        if result.id and not result.is_rejected
    }
    row, errors = _resolve_operations(operation, records)
    if errors:
        return RowResult(index, Status.FAILED, None, tuple(errors))
    [result] = await WRITES[operation.verb](context, operation.entity, [row])
    return replace(result, index=index)


def _resolve_operations(
    operation: BatchOperation, records: Mapping[int, tuple[str, uuid.UUID]]
) -> tuple[Row, list[UserError]]:
    """Return the row with record ids in place of operation numbers."""
    row, errors = dict(operation.row), []
    for relation in operation.entity.references:
        value = row.get(relation.name)
        if isinstance(value, Mapping) and value.keys() == {"operation"}:
            entity, record = records.get(value["operation"], ("", None))
            if entity == relation.target:
                row[relation.name] = {"id": record}
            else:
                errors.append(_missing_operation(relation, value["operation"]))
    return row, errors


def _missing_operation(relation: ToOne, number: object) -> UserError:
    message = f"no earlier operation {number} wrote a record of {relation.target}"
    return UserError(ErrorCode.NOT_FOUND, (relation.name, "operation"), message)
