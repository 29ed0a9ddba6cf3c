"""The input types of mutations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import singledispatch

import strawberry

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.fields import CompositeField, Field, ScalarField, ToOne
from tenure_core.catalog.root_fields import RootFieldKind
from tenure_core.write.chunker import MAX_ROWS
from tenure_core.write.chunks import ErrorPolicy
from tenure_core.write.operations.batch import MAX_OPERATIONS, WRITES
from tenure_core.write.rows.match_key import OnConflict
from tenure_core.write.rows.validate import MAX_EXTERNAL_CHARACTERS, writable_fields
from tenure_schema.types.builder import TypedField, TypeRegistry, input_field, list_of
from tenure_schema.types.descriptions import describe_input, label, with_article
from tenure_schema.types.filter_inputs import FilterInputs

UPSERT_ROW = "UpsertRow"
"""Suffix of the types of rows in bulk upserts and batches."""

BULK_INPUT = "BulkUpsertInput"
"""Suffix of the input types of bulk upserts."""

OPERATION = "Operation"
"""Suffix of the types of creates and updates in a batch."""

RECORD_OPERATION = "RecordOperation"
"""The type of deletes and restores in a batch, for all entities."""

EXPECTED_VERSION_TEXT = (
    "Optimistic lock: the write is rejected with STALE_VERSION unless the stored version equals this."
)
IDEMPOTENCY_KEY_TEXT = (
    "A unique key that the client generates for this write, 1 to 255 characters. A repeated call with the "
    "same key and input is not executed again; it returns the stored response of the first call. Keys expire "
    "after 7 days by default."
)
ON_CONFLICTS = {
    OnConflict.MERGE: "Writes only the given fields.",
    OnConflict.REPLACE: "Writes the given fields and clears the fields not given.",
    OnConflict.SKIP: "Leaves the existing record unchanged.",
}
ERROR_POLICIES = {
    ErrorPolicy.REJECT_EVERYTHING: "No row is written if any row is invalid.",
    ErrorPolicy.REJECT_FAILED_ROWS: "Valid rows are written; errors of the others are also in the payload's "
    "userErrors.",
    ErrorPolicy.IGNORE_FAILED: "Valid rows are written; errors of the others are only in their results.",
}


class MutationInputs:
    """Defines the input types of the mutations that write records.

    Args:
        catalog: The entities.
        types: The registry for the types.
        inputs: Maps scalar types to Python types.
    """

    def __init__(self, catalog: Catalog, types: TypeRegistry, inputs: FilterInputs) -> None:
        self.catalog = catalog
        self.types = types
        self.inputs = inputs
        types.enum("OnConflict", "What an upsert does if the record exists.", ON_CONFLICTS)
        types.enum("ErrorPolicy", "What a bulk upsert does if rows are invalid.", ERROR_POLICIES)
        self._define_external_references()
        self._define_expected_count()
        for entity in catalog.entities.values():
            self._define_reference(entity)
            self._define_match(entity)
            self._define_record_inputs(entity)
            self._define_bulk_input(entity)
            self._define_purge_input(entity)
        self._define_batch_input()

    def _define_external_references(self) -> None:
        limit = f"At most {MAX_EXTERNAL_CHARACTERS} characters."
        system = input_field("system", str, f"Name of the other system. {limit}", required=True)
        identity = input_field(
            "id", strawberry.ID, f"The record's id in the other system. {limit}", required=True
        )
        key = "The key of a record in another system."
        self.types.input("ExternalReference", key, [system, identity])
        metadata = [
            input_field("url", str, "URL of the record in the other system."),
            input_field(
                "sourceVersion", str, "Version of the record in the other system: an integer or a timestamp."
            ),
        ]
        description = "The key of a record in another system, to be added to the record."
        self.types.input("ExternalRefInput", description, [system, identity, *metadata])

    def _define_expected_count(self) -> None:
        self.types.input(
            "ExpectedCount",
            "The number of records of one entity that a purge is expected to delete.",
            [
                input_field("entity", str, "Name of the entity, such as Account.", required=True),
                input_field("count", int, "Number of records.", required=True),
            ],
        )

    def _define_reference(self, entity: EntityInfo) -> None:
        record = with_article(entity.singular)
        external = self.types["ExternalReference"]
        operation = "Only in a batch: index of an earlier operation of the batch that writes the record."
        self.types.input(
            f"{entity.name}Reference",
            f"Identifies {record} by exactly one of its keys.",
            [
                input_field("id", strawberry.ID, "Id of the record."),
                input_field("externalRef", external, "Key of the record in another system."),
                input_field("operation", int, operation),
            ],
            one_of=True,
        )

    def _define_match(self, entity: EntityInfo) -> None:
        external = self.types["ExternalReference"]
        fields = [
            input_field("id", strawberry.ID, "Id of an existing record."),
            input_field(
                "externalRef",
                external,
                "Key of the record in another system; creates the record if none has this key.",
            ),
        ]
        if unique := list(entity.unique_fields):
            values = [
                input_field(field.name, self.inputs.python(field.scalar_type), field.description)
                for field in unique
            ]
            record = label(entity.singular)
            description = f"The value of a unique field, which identifies one {record}."
            key = self.types.input(f"{entity.name}UniqueKey", description, values, one_of=True)
            fields.append(
                input_field("uniqueKey", key, "Value of a unique field; creates the record if none has it.")
            )
        description = f"Identifies {with_article(entity.singular)} for an upsert, by exactly one of its keys."
        self.types.input(f"{entity.name}Match", description, fields, one_of=True)

    def _define_record_inputs(self, entity: EntityInfo) -> None:
        name, record = entity.name, with_article(entity.singular)
        key, version = _record_key(), _expected_version()
        changes = list(self._values(entity, creating=False))
        create = f"The values of {record} to create."
        update = f"The changes to {record}: omitted fields keep their values, null clears a field."
        upsert = (
            f"The values of {record} to create or update, and the key that identifies it. A new record needs "
            f"the required fields of {name}CreateInput and gets its defaults."
        )
        self._define_write(f"{name}Create", create, list(self._values(entity, creating=True)))
        self._define_write(f"{name}Update", update, [*key, *changes])
        row = [*self._upsert_options(entity), version, *changes]
        define_input(self.types, f"{name}UpsertInput", upsert, row)
        self.types.input(f"{name}{UPSERT_ROW}", upsert, row)
        delete, restore = f"Identifies {record} to soft-delete.", f"Identifies {record} to restore."
        define_input(self.types, f"{name}DeleteInput", delete, key)
        define_input(self.types, f"{name}RestoreInput", restore, key)

    def _define_write(self, name: str, description: str, fields: list[TypedField]) -> None:
        """Define the input of a mutation, and that of the same write in a batch, which has no own key."""
        define_input(self.types, f"{name}Input", description, fields)
        self.types.input(f"{name}{OPERATION}", description, fields)

    def _upsert_options(self, entity: EntityInfo) -> Iterator[TypedField]:
        match, refs = self.types[f"{entity.name}Match"], list_of(self.types["ExternalRefInput"])
        yield input_field("match", match, "The key that identifies the record.", required=True)
        yield input_field(
            "onConflict", self.types["OnConflict"], "What to do if the record exists; MERGE by default."
        )
        yield input_field(
            "sourceVersion",
            str,
            "Version of the record in the system of `match.externalRef`: an integer or a timestamp. The row "
            "is rejected with STALE_SOURCE if the stored version is newer.",
        )
        yield input_field("url", str, "URL of the record in the system of `match.externalRef`.")
        yield input_field("externalRefs", refs, "Keys in other systems to add to the record.")

    def _define_bulk_input(self, entity: EntityInfo) -> None:
        rows = list_of(self.types[f"{entity.name}{UPSERT_ROW}"])
        policy, on_conflict = self.types["ErrorPolicy"], self.types["OnConflict"]
        define_input(
            self.types,
            f"{entity.name}{BULK_INPUT}",
            f"The {label(entity.plural)} to create or update. Rows can reference each other by external "
            "keys, in any order.",
            [
                input_field("rows", rows, f"The rows; 1 to {MAX_ROWS:,}.", required=True),
                input_field(
                    "errorPolicy", policy, "What to do if rows are invalid; REJECT_EVERYTHING by default."
                ),
                input_field("onConflict", on_conflict, "Default of the rows' onConflict; MERGE by default."),
                input_field("dryRun", bool, "Only previews the results; writes nothing. False by default."),
            ],
        )

    def _define_purge_input(self, entity: EntityInfo) -> None:
        counts = list_of(self.types["ExpectedCount"])
        define_input(
            self.types,
            f"{entity.name}PurgeInput",
            f"Identifies {with_article(entity.singular)} to delete permanently, with all records that "
            "reference it.",
            [
                *_record_key(),
                input_field("dryRun", bool, "Only counts the records; deletes nothing. False by default."),
                input_field(
                    "expectedCounts",
                    counts,
                    "The counts of a previous dry run; rejected with COUNTS_DIFFER if they have changed.",
                ),
            ],
        )

    def _values(self, entity: EntityInfo, *, creating: bool) -> Iterator[TypedField]:
        for field in writable_fields(entity):
            yield build_value_input(field, self, creating=creating)

    def composite_input(self, field: CompositeField) -> type:
        """Return the input type of a composite field, which fields of the same type share."""
        name = f"{field.type_name}Input"
        if not self.types.is_defined(name):
            parts = [
                input_field(
                    part.name,
                    self.inputs.python(part.scalar_type),
                    describe_input(part),
                    required=part.name in field.required_parts,
                )
                for part in field.parts.values()
            ]
            self.types.input(name, field.type_description, parts)
        return self.types[name]

    def _define_batch_input(self) -> None:
        record = "Identifies a record that a batch deletes or restores."
        self.types.input(RECORD_OPERATION, record, _record_key())
        operations = [
            input_field(
                self.catalog.root_fields.find(RootFieldKind(verb), entity).name,
                self.types[_operation_type(entity, verb)],
                f"{verb}s {with_article(entity.singular)}.",
            )
            for entity in self.catalog.entities.values()
            for verb in WRITES
        ]
        operation = self.types.input(
            "BatchOperation", "One write of a batch: exactly one of these fields.", operations, one_of=True
        )
        size = f"The writes; 1 to {MAX_OPERATIONS:,}."
        atomic = "True (default): a rejected operation rolls back all others. False: the others are written."
        define_input(
            self.types,
            "BatchInput",
            "Writes of any entities, executed in order in one transaction.",
            [
                input_field("operations", list_of(operation), size, required=True),
                input_field("atomic", bool, atomic),
            ],
        )


@singledispatch
def build_value_input(field: Field, mutations: MutationInputs, *, creating: bool) -> TypedField:
    """Return the field of the inputs of mutations for a writable field.

    Args:
        field: The field.
        mutations: The input types.
        creating: Whether the input creates a record; required fields are required in such inputs only.
    """
    raise NotImplementedError(f"No input for {type(field).__name__}.")


@build_value_input.register
def _(field: ScalarField, mutations: MutationInputs, *, creating: bool) -> TypedField:
    required = creating and not field.nullable and field.default is None
    python = mutations.inputs.python(field.scalar_type)
    return input_field(field.name, python, describe_input(field, creating=creating), required=required)


@build_value_input.register
def _(field: CompositeField, mutations: MutationInputs, *, creating: bool) -> TypedField:
    return input_field(field.name, mutations.composite_input(field), field.description)


@build_value_input.register
def _(field: ToOne, mutations: MutationInputs, *, creating: bool) -> TypedField:
    reference = mutations.types[f"{field.target}Reference"]
    return input_field(field.name, reference, field.description, required=creating and not field.nullable)


def define_input(types: TypeRegistry, name: str, description: str, fields: Sequence[TypedField]) -> None:
    """Define the input type of a mutation, with the field that every input has.

    Args:
        types: The registry for the type.
        name: Name of the type, such as AccountCreateInput.
        description: Description in the schema.
        fields: The input's own fields.
    """
    types.input(name, description, [*fields, input_field("idempotencyKey", str, IDEMPOTENCY_KEY_TEXT)])


def _record_key() -> list[TypedField]:
    """Return the fields that identify an existing record."""
    return [input_field("id", strawberry.ID, "Id of the record.", required=True), _expected_version()]


def _expected_version() -> TypedField:
    return input_field("expectedVersion", int, EXPECTED_VERSION_TEXT)


def _operation_type(entity: EntityInfo, verb: str) -> str:
    if verb in ("Delete", "Restore"):
        return RECORD_OPERATION
    return f"{entity.name}{UPSERT_ROW if verb == 'Upsert' else verb + OPERATION}"
