"""Write inputs: what mutations take, from the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import strawberry

from tenure_core.catalog.catalog import Catalog, CompositeField, EntityInfo, ScalarField, ToOne
from tenure_core.write.chunks import ErrorPolicy
from tenure_core.write.field_ownership import OwnerPolicy
from tenure_core.write.operations.batch import WRITES
from tenure_core.write.rows.match_key import OnConflict
from tenure_schema.features.plugin_admin import MUTATIONS
from tenure_schema.operations.lowering import BULK_INPUT, ROW
from tenure_schema.types.builder import TypeRegistry, input_field, list_of
from tenure_schema.types.filter_inputs import FilterInputs
from tenure_schema.types.scalars import Json

KEY_DESCRIPTION = (
    "A key that the client makes up for this one write: sent again with it, the write is not done again, and "
    "the answer is the first one's."
)
OPERATION = "Operation"
"""What the names of the types of a batch's writes end with; its upserts are rows as elsewhere."""

RECORD_OPERATION = "RecordOperation"
SHARED = {"Delete": RECORD_OPERATION, "Restore": RECORD_OPERATION}
"""The types of those writes of a batch that are the same for all entities."""

VERSION_DESCRIPTION = "The version that the record must have; with another, nothing is written."


class MutationInputs:
    """Makes the input types of mutations.

    Args:
        catalog: What there is.
        types: Where the types go.
        inputs: Names the Python type of each kind.
    """

    def __init__(self, catalog: Catalog, types: TypeRegistry, inputs: FilterInputs) -> None:
        self.catalog = catalog
        self.types = types
        self.inputs = inputs
        self._enums()
        self._external_references()
        self._expected_count()
        for entity in catalog.entities.values():
            self._entity(entity)
        self._batch()
        self._owners()
        self._plugins()

    def _enums(self) -> None:
        about_conflicts = (
            "What becomes of a record that is there: MERGE changes what is said, REPLACE empties "
        )
        self.types.enum("OnConflict", about_conflicts + "all else, SKIP leaves it alone.", OnConflict)
        self.types.enum(
            "ErrorPolicy",
            "What a faulty row means for the others. REJECT_EVERYTHING: nothing is written. "
            "REJECT_FAILED_ROWS: the others are written, and its faults are errors of the call, too. "
            "IGNORE_FAILED: the others are written, and only its own result tells of it.",
            ErrorPolicy,
        )
        self.types.enum(
            "FieldOwnerPolicy",
            "What becomes of another system's value: the write is refused, or done without it.",
            OwnerPolicy,
        )

    def _expected_count(self) -> None:
        self.types.input(
            "ExpectedCount",
            "How many records of an entity a purge is expected to remove.",
            [
                input_field("entity", str, "The entity's name.", required=True),
                input_field("count", int, "How many.", required=True),
            ],
        )

    def _external_references(self) -> None:
        system = input_field("system", str, "The other system's name.", required=True)
        identity = input_field("id", strawberry.ID, "The record's key there.", required=True)
        key = "The key that another system knows a record by."
        self.types.input("ExternalReference", key, [system, identity])
        about = [
            input_field("url", str, "The record's address there."),
            input_field("sourceVersion", str, "The record's version there: a number or a time."),
        ]
        self.types.input("ExternalRefInput", f"{key} It is added to the record.", [system, identity, *about])

    def _entity(self, entity: EntityInfo) -> None:
        name, one = entity.name, entity.singular
        self._reference(entity)
        self._match(entity)
        identity = input_field("id", strawberry.ID, f"Which {one}.", required=True)
        version = input_field("expectedVersion", int, VERSION_DESCRIPTION)
        create, change = list(self._values(entity, creating=True)), list(self._values(entity, creating=False))
        self._write(f"{name}Create", f"A new {one}.", create)
        changes = f"Changes to one {one}: what is left out stays as it is, null empties."
        self._write(f"{name}Update", changes, [identity, version, *change])
        row = [*self._about_rows(entity), version, *change]
        upserted = f"One {one} under the key that its writer knows: created, or changed where it is there."
        self._input(f"{name}UpsertInput", upserted, row)
        self.types.input(f"{name}{ROW}", upserted, row)
        self._bulk(entity)
        about_deletion = f"Which {one} to delete; it can be restored."
        self._input(f"{name}DeleteInput", about_deletion, [identity, version])
        self._input(f"{name}RestoreInput", f"Which deleted {one} to restore.", [identity, version])
        self._purge(entity, [identity, version])

    def _write(self, name: str, description: str, fields: list[Any]) -> None:
        """Make the input of a mutation, and that of the same write in a batch, which has one key for all."""
        self._input(f"{name}Input", description, fields)
        self.types.input(f"{name}{OPERATION}", description, fields)

    def _input(self, name: str, description: str, fields: list[Any]) -> None:
        self.types.input(name, description, [*fields, input_field("idempotencyKey", str, KEY_DESCRIPTION)])

    def _reference(self, entity: EntityInfo) -> None:
        self.types.input(
            f"{entity.name}Reference",
            f"Which {entity.singular}: by its id, by another system's key, or by what has written it.",
            [
                input_field("id", strawberry.ID, "Its id."),
                input_field(
                    "externalRef", self.types["ExternalReference"], "The key that another system knows it by."
                ),
                input_field(
                    "operation", int, "In a batch: the number of the earlier operation that has written it."
                ),
            ],
            one_of=True,
        )

    def _match(self, entity: EntityInfo) -> None:
        fields = [
            input_field("id", strawberry.ID, "Its id; it must be there."),
            input_field(
                "externalRef", self.types["ExternalReference"], "The key that another system knows it by."
            ),
        ]
        if unique := list(entity.unique_fields):
            values = [
                input_field(one.name, self.inputs.python(one.scalar_type), one.description) for one in unique
            ]
            key = self.types.input(
                f"{entity.name}UniqueKey",
                f"A value that only one living {entity.singular} has.",
                values,
                one_of=True,
            )
            fields.append(input_field("uniqueKey", key, "A value that no other living one has."))
        self.types.input(f"{entity.name}Match", f"Which {entity.singular} is meant.", fields, one_of=True)

    def _about_rows(self, entity: EntityInfo) -> Iterator[Any]:
        yield input_field("match", self.types[f"{entity.name}Match"], "Which one is meant.", required=True)
        yield input_field(
            "onConflict", self.types["OnConflict"], "What becomes of one that is there: else MERGE."
        )
        yield input_field(
            "sourceVersion",
            str,
            "Its version in the system that it is matched by: a number or a time. What is older is refused.",
        )
        yield input_field("url", str, "Its address in the system that it is matched by.")
        yield input_field("externalRefs", list_of(self.types["ExternalRefInput"]), "Keys to add to it.")

    def _bulk(self, entity: EntityInfo) -> None:
        rows = list_of(self.types[f"{entity.name}{ROW}"])
        self._input(
            f"{entity.name}{BULK_INPUT}",
            f"Many {entity.plural} at once. Rows may refer to one another's external keys, in any order.",
            [
                input_field("rows", rows, "The rows, 1,000 at most.", required=True),
                input_field(
                    "errorPolicy", self.types["ErrorPolicy"], "What a faulty row means for the others."
                ),
                input_field("onConflict", self.types["OnConflict"], "For rows that do not say: else MERGE."),
                input_field(
                    "dryRun", bool, "Whether to write nothing, and tell what would become of each row."
                ),
            ],
        )

    def _purge(self, entity: EntityInfo, identity: list[Any]) -> None:
        counts = self.types["ExpectedCount"]
        self._input(
            f"{entity.name}PurgeInput",
            f"Which {entity.singular} to remove for good, with all records that refer to it.",
            [
                *identity,
                input_field("dryRun", bool, "Whether to remove nothing, and tell what would be removed."),
                input_field(
                    "expectedCounts",
                    list_of(counts),
                    "What a dry run has told: where something else would be removed now, nothing is.",
                ),
            ],
        )

    def _values(self, entity: EntityInfo, *, creating: bool) -> Iterator[Any]:
        for field in entity.fields.values():
            if isinstance(field, ScalarField) and field.writable:
                required = creating and not field.nullable and field.default is None
                yield input_field(
                    field.name, self.inputs.python(field.scalar_type), field.description, required=required
                )
            elif isinstance(field, CompositeField) and field.writable:
                yield input_field(field.name, self._composite(field), field.description)
            elif isinstance(field, ToOne):
                reference = self.types[f"{field.target}Reference"]
                yield input_field(
                    field.name, reference, field.description, required=creating and not field.nullable
                )

    def _composite(self, field: CompositeField) -> type:
        name = f"{field.type_name}Input"
        if not self.types.is_defined(name):
            whole = field.type_name == "Money"
            self.types.input(
                name,
                field.type_description,
                [
                    input_field(p.name, self.inputs.python(p.scalar_type), p.description, required=whole)
                    for p in field.parts.values()
                ],
            )
        return self.types[name]

    def _batch(self) -> None:
        which = input_field("id", strawberry.ID, "Which record.", required=True)
        version = input_field("expectedVersion", int, VERSION_DESCRIPTION)
        self.types.input(RECORD_OPERATION, "Which record a batch deletes or restores.", [which, version])
        operations = [
            input_field(
                f"{entity.singular}{verb}",
                self.types[
                    SHARED.get(verb) or f"{entity.name}{ROW if verb == 'Upsert' else verb + OPERATION}"
                ],
                f"{verb}s one of the {entity.plural}.",
            )
            for entity in self.catalog.entities.values()
            for verb in WRITES
        ]
        operation = self.types.input("BatchOperation", "One write of a batch.", operations, one_of=True)
        self._input(
            "BatchInput",
            "Writes of any entities, done one after the other in one transaction.",
            [
                input_field("operations", list_of(operation), "The writes, 1,000 at most.", required=True),
                input_field(
                    "atomic", bool, "Whether one that fails takes all others back: true unless said."
                ),
            ],
        )

    def _owners(self) -> None:
        which = [
            input_field("entity", str, "The name of an entity, such as Account.", required=True),
            input_field("field", str, "The name of one of its fields, such as annualRevenue.", required=True),
        ]
        self._input(
            "FieldOwnerSetInput",
            "Gives a field to a system: no other one may write it.",
            [
                *which,
                input_field("system", str, "The origin of the API keys that may write it.", required=True),
                input_field(
                    "policy", self.types["FieldOwnerPolicy"], "What becomes of others' values: else REJECT."
                ),
            ],
        )
        self._input("FieldOwnerRemoveInput", "Lets every system write a field again.", which)

    def _plugins(self) -> None:
        name = input_field("name", str, "The plugin's name.", required=True)
        about = (
            "Settings by their names; what is not there stays. Null takes a setting back to its default, and "
            "the asterisks that stand for a secret leave it as it is."
        )
        settings = input_field("settings", Json, about, required=True)
        for mutation in MUTATIONS:
            fields = [name, settings] if mutation.verb == "SettingsUpdate" else [name]
            self._input(f"Plugin{mutation.verb}Input", mutation.description, fields)
