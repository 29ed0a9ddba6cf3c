"""Mutations of one record (create, update, upsert, delete, restore, purge), and the list of all mutations."""

from __future__ import annotations

from dataclasses import dataclass

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.root_fields import RootFieldKind
from tenure_core.data_quality.purge import purge
from tenure_core.postgres.database import TenantConnection
from tenure_core.query.request import TYPE_NAME, SelectedField
from tenure_core.write.chunker import MAX_ROWS
from tenure_core.write.dependents import dependent_entities
from tenure_core.write.operations.batch import MAX_OPERATIONS, WRITES
from tenure_core.write.results import RowResult, Status
from tenure_schema.mutations.batch import BatchMutation
from tenure_schema.mutations.bulk_upsert import BulkUpsertMutation
from tenure_schema.mutations.mutation import FieldValues, Mutation, MutationContext, MutationResult, input_of
from tenure_schema.mutations.rendering import (
    check_payload_cost,
    find_fields,
    render_errors,
    render_records,
    render_result,
)
from tenure_schema.mutations.runner import IDEMPOTENCY_KEY
from tenure_schema.types.descriptions import label, with_article

DESCRIPTIONS = {
    "Create": "Creates {record}.",
    "Update": "Updates {record}. Omitted fields keep their values; null clears a field.",
    "Upsert": "Creates {record}, or updates the existing record that `match` identifies.",
    "Delete": "Soft-deletes {record}. Lists, filters and aggregates exclude it until it is restored.",
    "Restore": "Restores {record} that was soft-deleted.",
    "Purge": "Permanently deletes {record} and all records that reference it, directly or indirectly.",
}
"""The description of each mutation of one record, by verb."""


@dataclass(frozen=True)
class RecordMutation(Mutation):
    """Creates, updates, upserts, deletes or restores one record.

    Args:
        entity: The entity of the record.
        verb: "Create", "Update", "Upsert", "Delete" or "Restore".
    """

    entity: EntityInfo
    verb: str

    @property
    def rejected_values(self) -> FieldValues:
        """No record; status FAILED."""
        return {"status": Status.FAILED.value, self.entity.singular: None}

    def check(self, field: SelectedField, context: MutationContext) -> None:
        """Check write access and the cost of the returned record."""
        context.grants.require_write(self.entity)
        check_payload_cost(find_fields(field, self.entity.singular), self.entity, 1, context)

    async def write(
        self, connection: TenantConnection, field: SelectedField, context: MutationContext
    ) -> MutationResult:
        """Write the record and read its selected fields."""
        row = {name: value for name, value in input_of(field).items() if name != IDEMPOTENCY_KEY}
        [result] = await WRITES[self.verb](context.write_context(connection), self.entity, [row])
        values = render_result(self.payload_type, result)
        record = await self._render_record(field, result, connection, context)
        return MutationResult({**values, self.entity.singular: record}, not result.is_rejected)

    async def _render_record(
        self, field: SelectedField, result: RowResult, connection: TenantConnection, context: MutationContext
    ) -> object:
        if result.id is None:
            return None
        fields = find_fields(field, self.entity.singular)
        records = await render_records(fields, self.entity, [result.id], connection, context)
        return records[result.id]


@dataclass(frozen=True)
class PurgeMutation(RecordMutation):
    """Permanently deletes one record and its dependents."""

    @property
    def rejected_values(self) -> FieldValues:
        """Nothing purged, no record."""
        return {"purged": [], self.entity.singular: None}

    def check(self, field: SelectedField, context: MutationContext) -> None:
        """Check write access to the entity and to the entities of possible dependents."""
        grants = context.grants
        for entity in dependent_entities(context.catalog, self.entity):
            # Whether a plugin that the tenant has disabled left dependents is known only once they are read.
            if not entity.plugin or entity.plugin in grants.plugins:
                grants.require_write(entity)
        super().check(field, context)

    async def write(
        self, connection: TenantConnection, field: SelectedField, context: MutationContext
    ) -> MutationResult:
        """Purge the record, or in a dry run count the records that would be deleted."""
        row = input_of(field)
        purged = await purge(context.write_context(connection), self.entity, row)
        is_preview = bool(row.get("dryRun")) and not purged.result.is_rejected
        record = await self._render_record(field, purged.result, connection, context) if is_preview else None
        values = {
            "purged": [
                {TYPE_NAME: "PurgedCount", "entity": entity, "count": count}
                for entity, count in purged.counts.items()
            ],
            "userErrors": render_errors(purged.result.errors),
            self.entity.singular: record,
        }
        return MutationResult(values, not purged.result.is_rejected and not is_preview)


def record_mutations(catalog: Catalog) -> list[Mutation]:
    """Return the mutations that write records of the catalog's entities."""
    batch = f"Executes up to {MAX_OPERATIONS:,} writes of any entities in order, in one transaction."
    mutations = [m for entity in catalog.entities.values() for m in _entity_mutations(entity, catalog)]
    return [*mutations, BatchMutation(RootFieldKind.BATCH.value, batch, catalog)]


def _entity_mutations(entity: EntityInfo, catalog: Catalog) -> list[Mutation]:
    names = {field.kind: field.name for field in catalog.root_fields if field.entity == entity.name}
    record = with_article(entity.singular)
    described = {verb: text.format(record=record) for verb, text in DESCRIPTIONS.items()}
    bulk = f"Creates or updates up to {MAX_ROWS:,} {label(entity.plural)}, each identified by its `match`."
    return [
        *(RecordMutation(names[RootFieldKind(v)], described[v], entity, v) for v in WRITES),
        PurgeMutation(names[RootFieldKind.PURGE], described["Purge"], entity, "Purge"),
        BulkUpsertMutation(names[RootFieldKind.BULK_UPSERT], bulk, entity),
    ]
