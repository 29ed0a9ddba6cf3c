"""The change feed, the history of a record, and snapshots. The query planner plans their fields."""

from __future__ import annotations

import strawberry

from tenure_core.catalog.change_operation import HISTORY, ChangeOperation
from tenure_core.catalog.root_fields import RootFieldKind
from tenure_schema.features.feature import Feature
from tenure_schema.types.builder import Argument, PlannedField, TypeRegistry, list_of, output_field
from tenure_schema.types.scalars import DateTime, Json

OPERATIONS = {
    ChangeOperation.CREATE: "The record was created.",
    ChangeOperation.UPDATE: "Fields of the record were changed.",
    ChangeOperation.DELETE: "The record was soft-deleted; it can be restored.",
    ChangeOperation.RESTORE: "The record was restored after a soft deletion.",
    ChangeOperation.PURGE: "The record was permanently deleted.",
}

FIRST = Argument("first", int | None, "Maximum number of changes; 100 by default, at most 1,000.")
ENTITIES = Argument("entities", list[str] | None, "Names of entities, such as Account; all by default.")


def _define_types(types: TypeRegistry) -> None:
    edge = _define_edge(types)
    types.object(
        "ChangeConnection",
        "A page of changes.",
        [
            output_field("edges", list_of(edge), "The changes."),
            output_field(
                "pageInfo",
                types["PageInfo"],
                "Cursors of the page. In the change feed, endCursor is never null: after an empty page, "
                "continue from it.",
            ),
        ],
    )
    types.object(
        "Snapshot",
        "A consistent copy of all records, and its position in the change feed.",
        [
            output_field(
                "url",
                str,
                "URL of the snapshot, relative to this server; request it with the same API key. The "
                "response is a stream of JSON lines: the first contains the cursor from which `changes` "
                "continues, the last confirms that the snapshot is complete.",
            )
        ],
    )


def _define_edge(types: TypeRegistry) -> type:
    operation = types.enum("ChangeOperation", "The operation that changed a record.", OPERATIONS)
    return types.object(
        "ChangeEdge",
        "A change of one record. A change that depends on another one comes after it.",
        [
            output_field("cursor", str, "Position of the change; pass it as `after` to continue behind it."),
            output_field("entity", str, "Name of the record's entity, such as Account."),
            output_field("id", strawberry.ID, "Id of the record."),
            output_field("operation", operation, "The operation that changed the record."),
            output_field("changedFields", list[str], "Names of the fields in `before` and `after`."),
            output_field(
                "before",
                Json | None,
                "Field values before the change, as in inputs: the changed fields of an UPDATE, all fields "
                "of a DELETE or PURGE. Null otherwise.",
            ),
            output_field(
                "after",
                Json | None,
                "Field values after the change, as in inputs: the changed fields of an UPDATE, all fields "
                "of a CREATE or RESTORE. Null otherwise.",
            ),
            output_field("version", int, "The record's version after the change; each change increases it."),
            output_field(
                "actor", str, "Id of the API key, `plugin:NAME` of a plugin, or login of a database session."
            ),
            output_field("origin", str, "The system that wrote the change: the origin of the API key."),
            output_field(
                "transactionId", str, "Id of the transaction; changes that were written together share it."
            ),
            output_field(
                "occurredAt", DateTime, "Start of the transaction; equal to the record's updatedAt."
            ),
            output_field(
                "node", types["Node"] | None, "The record in its current state; null if it is deleted."
            ),
        ],
    )


def _record_fields(types: TypeRegistry) -> list[PlannedField]:
    after = Argument("after", str | None, "Cursor; the page starts after it.")
    description = "The record's changes, newest first, within the retention period of the change feed."
    return [output_field(HISTORY, types["ChangeConnection"], description, [FIRST, after])]


def _query_fields(types: TypeRegistry) -> list[PlannedField]:
    operations = list_of(types["ChangeOperation"]) | None
    arguments = [
        FIRST,
        Argument(
            "after",
            str | None,
            "Cursor of a change, of the end of a page, or of a snapshot; the page starts after it. Without "
            "it, the page starts with the oldest change in the retention period.",
        ),
        ENTITIES,
        Argument("operations", operations, "Operations to return; all by default."),
        Argument(
            "excludeOrigin",
            str | None,
            "Omits changes of this origin; usually the caller's own origin, to avoid echoes.",
        ),
    ]
    changes = (
        "The change feed: the changes of all records, each exactly once, in an order in which they can be "
        "replicated."
    )
    snapshot = "A snapshot of all records, to load before following `changes`."
    return [
        output_field(RootFieldKind.CHANGES.value, types["ChangeConnection"], changes, arguments),
        output_field(RootFieldKind.SNAPSHOT.value, types["Snapshot"], snapshot, [ENTITIES]),
    ]


CHANGE_FEED = Feature(define_types=_define_types, query_fields=_query_fields, record_fields=_record_fields)
