"""The batch: writes of several entities in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

from tenure_core.access.grants import authorize
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.postgres.database import TenantConnection
from tenure_core.query.request import SelectedField
from tenure_core.write.operations.batch import MAX_OPERATIONS, WRITES, BatchOperation, run_batch
from tenure_core.write.results import RowResult, Status, UserError
from tenure_core.write.rows.pending_row import Row
from tenure_schema.mutations.bulk_upsert import count_errors
from tenure_schema.mutations.rendering import RenderedValue, check_payload_cost, render_records, user_errors
from tenure_schema.mutations.runner import MutationContext, MutationResult, input_of, refusal
from tenure_schema.operations.lowering import TYPE_NAME


@dataclass(frozen=True)
class BatchMutation:
    """Several writes in one.

    Args:
        catalog: What may be written.
    """

    catalog: Catalog
    name: str = "batch"
    payload: str = "BatchPayload"
    description: str = "Writes several records of any entities, all or none."

    @cached_property
    def _kinds(self) -> Mapping[str, tuple[EntityInfo, str]]:
        entities = self.catalog.entities.values()
        return {f"{entity.singular}{verb}": (entity, verb) for entity in entities for verb in WRITES}

    def check(self, field: SelectedField, call: MutationContext) -> None:
        """Refuse what may not be written, or would bring too much of the records."""
        grants = authorize(call.actor, call.catalog).grants
        operations = self._operations(field)
        for operation in operations:
            grants.require_write(operation.entity)
        for entity in {operation.entity for operation in operations}:
            for asked in _asked(field, entity):
                count = sum(operation.entity is entity for operation in operations)
                check_payload_cost(asked, entity, call.catalog, call.actor, count, call.settings.max_cost)

    async def write(
        self, connection: TenantConnection, field: SelectedField, call: MutationContext
    ) -> MutationResult:
        """Do the operations in their order, and read what is asked of their records."""
        given = input_of(field)
        if errors := count_errors(self._operations(field), "operations", MAX_OPERATIONS):
            return MutationResult(self.refused(errors), False)
        operations, atomic = self._operations(field), given.get("atomic") is not False
        results = await run_batch(connection, call.catalog, call.actor, operations, atomic=atomic)
        nodes = await _nodes(operations, results, connection, field, call)
        shown = [_shown(o, r, nodes) for o, r in zip(operations, results, strict=True)]
        errors_of_all = [error for one in shown for error in cast(list[object], one["userErrors"])]
        written = any(not r.refused and r.status is not Status.SKIPPED for r in results)
        return MutationResult({"results": shown, "userErrors": errors_of_all}, written)

    def refused(self, errors: list[UserError]) -> dict[str, object]:
        """Return the payload's fields for a call that was refused as a whole."""
        return refusal(errors, results=[])

    def _operations(self, field: SelectedField) -> list[BatchOperation]:
        found = []
        for one in cast(list[Mapping[str, Row]], input_of(field)["operations"]):
            [(name, row)] = one.items()
            found.append(BatchOperation(*self._kinds[name], row))
        return found


def _name(operation: BatchOperation) -> str:
    return f"{operation.entity.singular}{operation.verb}"


def _shown(
    operation: BatchOperation, result: RowResult, nodes: Mapping[uuid.UUID, RenderedValue]
) -> dict[str, object]:
    return {
        TYPE_NAME: "BatchResult",
        "index": result.index,
        "status": result.status.value,
        "node": nodes.get(result.id) if result.id else None,
        "userErrors": user_errors(result.errors, "operations", str(result.index), _name(operation)),
    }


def _asked(field: SelectedField, entity: EntityInfo) -> list[SelectedField]:
    """Return the fields that show the written records, each with what is asked of those of one entity."""
    results = [f for f in field.fields if f.name == "results"]
    nodes = [inner for f in results for inner in f.fields if inner.name == "node"]
    return [replace(node, fields=tuple(f for f in node.fields if f.on == entity.name)) for node in nodes]


async def _nodes(
    operations: Sequence[BatchOperation],
    results: Sequence[RowResult],
    connection: TenantConnection,
    field: SelectedField,
    call: MutationContext,
) -> Mapping[uuid.UUID, RenderedValue]:
    found: dict[uuid.UUID, RenderedValue] = {}
    pairs = list(zip(operations, results, strict=True))
    for entity in {operation.entity for operation in operations}:
        ids = [result.id for operation, result in pairs if operation.entity is entity and result.id]
        asked = _asked(field, entity)
        found |= await render_records(asked, entity, ids, connection, call.coder)
    return found
