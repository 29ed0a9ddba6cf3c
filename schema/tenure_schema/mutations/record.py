"""Mutations of one record: create, update, upsert, delete, restore and purge."""

from __future__ import annotations

from dataclasses import dataclass

from tenure_core.access.grants import authorize
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.data_quality.purge import purge
from tenure_core.postgres.database import TenantConnection
from tenure_core.query.request import SelectedField
from tenure_core.write.dependents import dependent_entities
from tenure_core.write.operations.batch import WRITES
from tenure_core.write.results import RowResult, UserError
from tenure_schema.features.field_owners import OwnerMutation
from tenure_schema.features.plugin_admin import MUTATIONS
from tenure_schema.mutations.batch import BatchMutation
from tenure_schema.mutations.bulk_upsert import BulkUpsert
from tenure_schema.mutations.rendering import check_payload_cost, render_records, user_errors
from tenure_schema.mutations.runner import (
    IDEMPOTENCY_KEY,
    Mutation,
    MutationContext,
    MutationResult,
    input_of,
    refusal,
)
from tenure_schema.operations.lowering import TYPE_NAME


@dataclass(frozen=True, slots=True)
class RecordMutation:
    """A write of one record.

    Args:
        entity: What it writes.
        verb: "Create", "Update", "Upsert", "Delete" or "Restore".
    """

    entity: EntityInfo
    verb: str

    @property
    def name(self) -> str:
        """Its name in the API, such as accountCreate."""
        return f"{self.entity.singular}{self.verb}"

    @property
    def payload(self) -> str:
        """The name of its payload's type."""
        return f"{self.entity.name}{self.verb}Payload"

    @property
    def description(self) -> str:
        """What it does, for people."""
        return f"{self.verb}s one of the {self.entity.plural}."

    def check(self, field: SelectedField, call: MutationContext) -> None:
        """Refuse what may not be written, or would bring too much of the record."""
        check_record(self.entity, field, call)

    async def write(
        self, connection: TenantConnection, field: SelectedField, call: MutationContext
    ) -> MutationResult:
        """Write the record, and read what is asked of it."""
        row = {name: value for name, value in input_of(field).items() if name != IDEMPOTENCY_KEY}
        [result] = await WRITES[self.verb](connection, call.catalog, self.entity, call.actor, [row])
        values = {
            "status": result.status.value,
            "userErrors": user_errors(result.errors),
            self.entity.singular: await _record(self.entity, field, result, connection, call),
        }
        return MutationResult(values, not result.refused)

    def refused(self, errors: list[UserError]) -> dict[str, object]:
        """Return the payload's fields for a call that was refused as a whole."""
        return refusal(errors, status="FAILED", **{self.entity.singular: None})


def check_record(entity: EntityInfo, field: SelectedField, call: MutationContext) -> None:
    """Refuse a write of one record that is not allowed, or would bring too much of it."""
    authorize(call.actor, call.catalog).grants.require_write(entity)
    for asked in field.fields:
        if asked.name == entity.singular:
            check_payload_cost(asked, entity, call.catalog, call.actor, 1, call.settings.max_cost)


async def _record(
    entity: EntityInfo,
    field: SelectedField,
    result: RowResult,
    connection: TenantConnection,
    call: MutationContext,
) -> object:
    asked = [f for f in field.fields if f.name == entity.singular]
    if result.id is None:
        return None
    found = await render_records(asked, entity, [result.id], connection, call.coder)
    return found[result.id]


@dataclass(frozen=True, slots=True)
class PurgeMutation:
    """The removal of one record for good, with what hangs on it.

    Args:
        entity: What it removes.
    """

    entity: EntityInfo

    @property
    def name(self) -> str:
        """Its name in the API, such as accountPurge."""
        return f"{self.entity.singular}Purge"

    @property
    def payload(self) -> str:
        """The name of its payload's type."""
        return f"{self.entity.name}PurgePayload"

    @property
    def description(self) -> str:
        """What it does, for people."""
        return f"Removes one of the {self.entity.plural} for good, with all that refers to it."

    def check(self, field: SelectedField, call: MutationContext) -> None:
        """Refuse it where such records, or what may hang on them, may not be written."""
        grants = authorize(call.actor, call.catalog).grants
        for entity in dependent_entities(call.catalog, self.entity):
            # What a plugin that the tenant has not enabled has left there, only the records themselves tell.
            if not entity.plugin or entity.plugin in grants.plugins:
                grants.require_write(entity)
        check_record(self.entity, field, call)

    async def write(
        self, connection: TenantConnection, field: SelectedField, call: MutationContext
    ) -> MutationResult:
        """Remove the record, or tell what would be removed."""
        row = input_of(field)
        purged = await purge(connection, call.catalog, self.entity, call.actor, row)
        refused, dry = purged.result.refused, bool(row.get("dryRun"))
        counts = [{TYPE_NAME: "PurgedCount", "entity": e, "count": n} for e, n in purged.counts.items()]
        gone = refused or not dry
        values = {
            "purged": counts,
            "userErrors": user_errors(purged.result.errors),
            self.entity.singular: None
            if gone
            else await _record(self.entity, field, purged.result, connection, call),
        }
        return MutationResult(values, not refused and not dry)

    def refused(self, errors: list[UserError]) -> dict[str, object]:
        """Return the payload's fields for a call that was refused as a whole."""
        return refusal(errors, purged=[], **{self.entity.singular: None})


def mutations_of(catalog: Catalog) -> list[Mutation]:
    """Return every mutation of a schema, in its order."""
    found: list[Mutation] = []
    for entity in catalog.entities.values():
        found += [RecordMutation(entity, verb) for verb in WRITES]
        found += [PurgeMutation(entity), BulkUpsert(entity)]
    return [*found, BatchMutation(catalog), OwnerMutation("Set"), OwnerMutation("Remove"), *MUTATIONS]
