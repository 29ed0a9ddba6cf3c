"""The payload types of mutations, and the types that payloads share."""

from __future__ import annotations

from collections.abc import Sequence

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.root_fields import RootFieldKind
from tenure_core.write.operations.batch import WRITES
from tenure_core.write.results import ErrorCode, Status
from tenure_schema.types.builder import PlannedField, TypeRegistry, list_of, output_field
from tenure_schema.types.scalars import Json

ERROR_CODES = {
    ErrorCode.REQUIRED: "A required value is missing or null.",
    ErrorCode.INVALID: "The value has the wrong type or format.",
    ErrorCode.TOO_LONG: "The value exceeds the maximum length.",
    ErrorCode.OUT_OF_RANGE: "The number is below the minimum or above the maximum.",
    ErrorCode.UNKNOWN_FIELD: "No field has this name.",
    ErrorCode.READ_ONLY: "The field is maintained by the platform or a plugin.",
    ErrorCode.NOT_FOUND: "No such record exists, or the API key cannot see it.",
    ErrorCode.DUPLICATE_KEY: "The external key belongs to another record, or is used twice in the call.",
    ErrorCode.DUPLICATE: "Another record has the same value of a unique field.",
    ErrorCode.STALE_VERSION: "The stored version differs from `expectedVersion`.",
    ErrorCode.STALE_SOURCE: "The stored `sourceVersion` is newer.",
    ErrorCode.FIELD_OWNED: "Another system owns the field; the row was not written.",
    ErrorCode.FIELD_IGNORED: "Another system owns the field; the row was written without it.",
    ErrorCode.COUNTS_DIFFER: "The purge would delete other numbers of records than `expectedCounts`.",
    ErrorCode.IDEMPOTENCY_KEY_REUSED: "The idempotency key was used with a different request.",
    ErrorCode.REJECTED: "A plugin's validation rule rejected the row.",
}
STATUSES = {
    Status.CREATED: "The record was created.",
    Status.UPDATED: "The record was updated.",
    Status.NOOP: "All given values equal the stored values; nothing was written.",
    Status.RESTORED: "The record was restored.",
    Status.DELETED: "The record was soft-deleted.",
    Status.PURGED: "The record was permanently deleted.",
    Status.SKIPPED: "Not written: the record exists and onConflict is SKIP, or another row was rejected.",
    Status.FAILED: "The row was rejected; `userErrors` contains the reasons.",
    Status.WOULD_CREATE: "Dry run: the record would be created.",
    Status.WOULD_UPDATE: "Dry run: the record would be updated.",
    Status.CONFLICT: "Dry run: the row would be rejected; `userErrors` contains the reasons.",
}
RECORD = (
    "The record after the write. If its current state is the reason for a rejection, such as STALE_VERSION, "
    "the current record; null for other rejections."
)
STATUS = "The outcome of the write."


class Payloads:
    """Defines the payload types of the mutations that write records.

    Args:
        catalog: The entities.
        types: The registry for the types.
    """

    def __init__(self, catalog: Catalog, types: TypeRegistry) -> None:
        self.catalog = catalog
        self.types = types
        self._define_shared_types()
        for entity in catalog.entities.values():
            self._define_record_payloads(entity)
            self._define_purge_payload(entity)
            self._define_bulk_payload(entity)
        self._define_batch_payload()

    def _define_shared_types(self) -> None:
        code = self.types.enum("UserErrorCode", "Machine-readable reason of a user error.", ERROR_CODES)
        self.types.object(
            "UserError",
            "An expected error: a reason why a row was rejected, or with FIELD_IGNORED, which field was not "
            "written.",
            [
                output_field("code", code, "Machine-readable reason."),
                output_field("path", list[str], "Path from `input` to the invalid value."),
                output_field("message", str, "The reason and the remedy, in English."),
            ],
        )
        self.types.enum("WriteStatus", "The outcome of writing one row.", STATUSES)
        self.types.object(
            "FieldDiff",
            "A field that a dry run would change.",
            [
                output_field("field", str, "Name of the field."),
                output_field("before", Json | None, "Current value, as in inputs; null if not set."),
                output_field("after", Json | None, "New value, as in inputs; null if it would be cleared."),
            ],
        )
        self.types.object(
            "PurgedCount",
            "The number of records of one entity in a purge.",
            [
                output_field("entity", str, "Name of the entity, such as Account."),
                output_field("count", int, "Number of records."),
            ],
        )

    def _define_record_payloads(self, entity: EntityInfo) -> None:
        for verb in WRITES:
            fields = [self._record(entity, RECORD), self._status()]
            self._define_payload(entity, RootFieldKind(verb), fields)

    def _define_purge_payload(self, entity: EntityInfo) -> None:
        counts = list_of(self.types["PurgedCount"])
        description = "Number of deleted records per entity; in a dry run, of those that would be deleted."
        fields = [
            output_field("purged", counts, description),
            self._record(entity, "The record, in a dry run; null otherwise."),
        ]
        self._define_payload(entity, RootFieldKind.PURGE, fields)

    def _define_bulk_payload(self, entity: EntityInfo) -> None:
        mutation = self.catalog.root_fields.find(RootFieldKind.BULK_UPSERT, entity).name
        diff = list_of(self.types["FieldDiff"]) | None
        result = self.types.object(
            f"{entity.name}BulkUpsertResult",
            f"The result of one row of {mutation}.",
            [
                output_field("index", int, "Position of the row in `rows`, from 0."),
                output_field(
                    "rowKey",
                    str | None,
                    "The id, external id or unique value of `match`; null if invalid.",
                ),
                self._status(),
                self._record(entity, RECORD),
                output_field("diff", diff, "The fields that would change; null unless it is a dry run."),
                _user_errors(self.types, "Errors of the row; empty if there are none."),
            ],
        )
        results = output_field("results", list_of(result), "One result per row, in the order of `rows`.")
        self._define_payload(entity, RootFieldKind.BULK_UPSERT, [results])

    def _define_payload(
        self, entity: EntityInfo, kind: RootFieldKind, fields: Sequence[PlannedField]
    ) -> None:
        mutation = self.catalog.root_fields.find(kind, entity).name
        define_payload(self.types, f"{entity.name}{kind}Payload", mutation, fields)

    def _define_batch_payload(self) -> None:
        result = self.types.object(
            "BatchResult",
            "The result of one operation of a batch.",
            [
                output_field("index", int, "Position of the operation in `operations`, from 0."),
                self._status(),
                output_field("node", self.types["Node"] | None, RECORD),
                _user_errors(self.types, "Errors of the operation; empty if there are none."),
            ],
        )
        results = output_field("results", list_of(result), "One result per operation, in their order.")
        define_payload(self.types, "BatchPayload", "batch", [results])

    def _record(self, entity: EntityInfo, description: str) -> PlannedField:
        return output_field(entity.singular, self.types[entity.name] | None, description)

    def _status(self) -> PlannedField:
        return output_field("status", self.types["WriteStatus"], STATUS)


def define_payload(types: TypeRegistry, name: str, mutation: str, fields: Sequence[PlannedField]) -> None:
    """Define the payload type of a mutation, with the fields that every payload has.

    Args:
        types: The registry for the type.
        name: Name of the type, such as AccountCreatePayload.
        mutation: Name of the mutation.
        fields: The payload's own fields.
    """
    replayed = output_field(
        "replayed",
        bool,
        "True if the idempotency key was used before and this is the stored response of that call.",
    )
    errors = _user_errors(types, "Errors of the call; empty if there are none.")
    types.object(name, f"The payload of {mutation}.", [*fields, errors, replayed])


def _user_errors(types: TypeRegistry, description: str) -> PlannedField:
    return output_field("userErrors", list_of(types["UserError"]), description)
