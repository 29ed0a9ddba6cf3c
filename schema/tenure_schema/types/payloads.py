"""Payloads: what mutations answer with, from the catalog."""

from __future__ import annotations

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.write.operations.batch import WRITES
from tenure_core.write.results import ErrorCode, Status
from tenure_schema.features.plugin_admin import MUTATIONS
from tenure_schema.features.plugin_types import define_types
from tenure_schema.operations.lowering import BULK_PAYLOAD
from tenure_schema.types.builder import GraphQLType, PlannedField, TypeRegistry, list_of, output_field
from tenure_schema.types.scalars import Json


class Payloads:
    """Makes the payload types of mutations.

    Args:
        catalog: What there is.
        types: Where the types go.
    """

    def __init__(self, catalog: Catalog, types: TypeRegistry) -> None:
        self.types = types
        self._shared()
        for entity in catalog.entities.values():
            self._entity(entity)
        self._batch()
        self._owners()
        self._plugins()

    def _shared(self) -> None:
        codes = self.types.enum(
            "UserErrorCode", "What sort of fault it is.", [code.value for code in ErrorCode]
        )
        self.types.object(
            "UserError",
            "Why something could not be written, or with FIELD_IGNORED, what was left out.",
            [
                output_field("code", codes, "What sort of fault it is."),
                output_field("path", list[str], "The names that lead to the faulty value in the input."),
                output_field("message", str, "What is wrong and what to do, for people."),
            ],
        )
        self.types.enum("WriteStatus", "What became of a write.", [status.value for status in Status])
        self.types.object(
            "FieldDiff",
            "A field that a dry run would change.",
            [
                output_field("field", str, "Its name."),
                output_field("before", Json | None, "Its value as it is, in the form of inputs."),
                output_field("after", Json | None, "Its value as it would be."),
            ],
        )
        self.types.object(
            "PurgedCount",
            "How many records of an entity are removed.",
            [output_field("entity", str, "The entity's name."), output_field("count", int, "How many.")],
        )

    def _errors(self) -> PlannedField:
        return output_field("userErrors", list_of(self.types["UserError"]), "What is wrong.")

    def _payload(self, name: str, of: str, fields: list[PlannedField]) -> None:
        replayed = output_field(
            "replayed", bool, "Whether this is the answer to an earlier write with the same key."
        )
        self.types.object(name, f"What came of {of}.", [*fields, self._errors(), replayed])

    def _status(self) -> PlannedField:
        return output_field("status", self.types["WriteStatus"], "What became of it.")

    def _entity(self, entity: EntityInfo) -> None:
        name, one = entity.name, entity.singular
        for verb in WRITES:
            shown = "The record as it is now; null where there is none to show."
            record = output_field(one, self._record(entity), shown)
            self._payload(f"{name}{verb}Payload", f"{one}{verb}", [record, self._status()])
        counts = list_of(self.types["PurgedCount"])
        self._payload(
            f"{name}PurgePayload",
            f"{one}Purge",
            [
                output_field("purged", counts, "What is removed, or in a dry run would be."),
                output_field(one, self._record(entity), "The record, in a dry run; else null."),
            ],
        )
        self._bulk(entity)

    def _record(self, entity: EntityInfo) -> GraphQLType:
        return self.types[entity.name] | None

    def _bulk(self, entity: EntityInfo) -> None:
        result = self.types.object(
            f"{entity.name}BulkUpsertResult",
            f"What became of one row of {entity.plural}BulkUpsert.",
            [
                output_field("index", int, "The row's position, from 0."),
                output_field("rowKey", str | None, "The key by which the row means its record."),
                self._status(),
                output_field(
                    entity.singular,
                    self._record(entity),
                    "The record as it is now; null where there is none.",
                ),
                output_field(
                    "diff", list_of(self.types["FieldDiff"]) | None, "In a dry run: what would be changed."
                ),
                self._errors(),
            ],
        )
        results = output_field("results", list_of(result), "What became of each row, in their order.")
        self._payload(f"{entity.name}{BULK_PAYLOAD}", f"{entity.plural}BulkUpsert", [results])

    def _batch(self) -> None:
        result = self.types.object(
            "BatchResult",
            "What became of one operation of a batch.",
            [
                output_field("index", int, "The operation's position, from 0."),
                self._status(),
                output_field(
                    "node", self.types["Node"] | None, "The record as it is now; null where there is none."
                ),
                self._errors(),
            ],
        )
        results = output_field("results", list_of(result), "What became of each operation, in their order.")
        self._payload("BatchPayload", "batch", [results])

    def _owners(self) -> None:
        owner = self.types.object(
            "FieldOwner",
            "A field that only one system may write.",
            [
                output_field("entity", str, "The name of the entity."),
                output_field("field", str, "The name of the field."),
                output_field("system", str, "The origin of the API keys that may write it."),
                output_field("policy", self.types["FieldOwnerPolicy"], "What becomes of others' values."),
            ],
        )
        for verb, shown in (("Set", "The owner as it is now."), ("Remove", "The owner that it had.")):
            field = output_field("fieldOwner", owner | None, shown)
            self._payload(f"FieldOwner{verb}Payload", f"fieldOwner{verb}", [field])

    def _plugins(self) -> None:
        plugin = define_types(self.types)
        shown = "The plugin as it is now; null where there is none of the name."
        for mutation in MUTATIONS:
            self._payload(mutation.payload, mutation.name, [output_field("plugin", plugin | None, shown)])
