"""The batch mutation: writes of several entities in one transaction."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.root_fields import RootFieldKind
from tenure_core.postgres.database import TenantConnection
from tenure_core.query.request import SelectedField
from tenure_core.write.operations.batch import MAX_OPERATIONS, WRITES, BatchOperation, run_batch
from tenure_core.write.results import RowResult, Status
from tenure_core.write.rows.pending_row import Row
from tenure_schema.mutations.bulk_upsert import find_size_errors
from tenure_schema.mutations.mutation import FieldValues, Mutation, MutationContext, MutationResult, input_of
from tenure_schema.mutations.rendering import (
    RenderedValue,
    check_payload_cost,
    find_fields,
    render_errors,
    render_records,
    render_result,
)


@dataclass(frozen=True)
class BatchMutation(Mutation):
    """Executes a list of writes.

    Args:
        catalog: The entities.
    """

    catalog: Catalog

    @property
    def rejected_values(self) -> FieldValues:
        """No results."""
        return {"results": []}

    @cached_property
    def _writes(self) -> Mapping[str, tuple[EntityInfo, str]]:
        """The entity and the verb of each operation, by its name in the input, such as accountCreate."""
        root_fields = [field for field in self.catalog.root_fields if field.kind in WRITES]
        return {field.name: (self.catalog[field.entity], field.kind.value) for field in root_fields}

    def check(self, field: SelectedField, context: MutationContext) -> None:
        """Check write access and the cost of the returned records."""
        counts = Counter(operation.entity for operation in self._parse_operations(field))
        for entity in counts:
            context.grants.require_write(entity)
        for entity, count in counts.items():
            check_payload_cost(_node_fields(field, entity), entity, count, context)

    async def write(
        self, connection: TenantConnection, field: SelectedField, context: MutationContext
    ) -> MutationResult:
        """Execute the operations in order and read the selected fields of their records."""
        operations, atomic = self._parse_operations(field), input_of(field).get("atomic") is not False
        if errors := find_size_errors(operations, "operations", MAX_OPERATIONS):
            return MutationResult({**self.rejected_values, "userErrors": render_errors(errors)}, False)
        results = await run_batch(context.write_context(connection), operations, atomic=atomic)
        records = await _read_nodes(operations, results, connection, field, context)
        pairs = zip(operations, results, strict=True)
        rendered = [self._render_result(operation, result, records) for operation, result in pairs]
        errors_of_all = [error for values in rendered for error in cast(list[object], values["userErrors"])]
        written = any(not result.is_rejected and result.status is not Status.SKIPPED for result in results)
        return MutationResult({"results": rendered, "userErrors": errors_of_all}, written)

    def _parse_operations(self, field: SelectedField) -> list[BatchOperation]:
        operations = []
        for member in cast(list[Mapping[str, Row]], input_of(field)["operations"]):
            [(name, row)] = member.items()
            operations.append(BatchOperation(*self._writes[name], row))
        return operations

    def _render_result(
        self, operation: BatchOperation, result: RowResult, records: Mapping[uuid.UUID, RenderedValue]
    ) -> dict[str, object]:
        root_field = self.catalog.root_fields.find(RootFieldKind(operation.verb), operation.entity)
        values = render_result("BatchResult", result, "operations", str(result.index), root_field.name)
        return {**values, "node": records.get(result.id) if result.id else None}


def _node_fields(field: SelectedField, entity: EntityInfo) -> list[SelectedField]:
    """Return the selected `node` fields with the selection on one entity."""
    nodes = find_fields(field, "results", "node")
    return [replace(node, fields=tuple(f for f in node.fields if f.on == entity.name)) for node in nodes]


async def _read_nodes(
    operations: Sequence[BatchOperation],
    results: Sequence[RowResult],
    connection: TenantConnection,
    field: SelectedField,
    context: MutationContext,
) -> Mapping[uuid.UUID, RenderedValue]:
    records: dict[uuid.UUID, RenderedValue] = {}
    pairs = list(zip(operations, results, strict=True))
    for entity in {operation.entity for operation in operations}:
        ids = [result.id for operation, result in pairs if operation.entity is entity and result.id]
        fields = _node_fields(field, entity)
        records |= await render_records(fields, entity, ids, connection, context)
    return records
