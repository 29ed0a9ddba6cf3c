"""Changes: the types of the change feed, of a record's history and of a snapshot."""

from __future__ import annotations

import strawberry

from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.query.plan.changes import CHANGES, HISTORY, SNAPSHOT
from tenure_schema.types.builder import Argument, PlannedField, TypeRegistry, list_of, output_field
from tenure_schema.types.scalars import DateTime, Json

FIRST = Argument("first", int | None, "How many at most: 100 where nothing is said, 1,000 at most.")
ENTITIES = Argument(
    "entities", list[str] | None, "The names of the entities, such as Account; all by default."
)


def define_types(types: TypeRegistry) -> None:
    """Define the object types: a page of changes, and a snapshot."""
    _define_page(types, _define_edge(types))
    types.object(
        "Snapshot",
        "All records as they were at one moment, and the place in the change feed where that moment lies.",
        [
            output_field(
                "url",
                str,
                "Where it is had, with the same API key: a stream of lines, each a JSON object. The first "
                "has the cursor from which `changes` goes on, the last says that it is complete.",
            )
        ],
    )


def _define_edge(types: TypeRegistry) -> type:
    operation = types.enum("ChangeOperation", "What a change did to its record.", list(ChangeOperation))
    return types.object(
        "ChangeEdge",
        "One change of one record. A change that builds on another comes after it.",
        [
            output_field(
                "cursor", str, "Where it stands: a reader that sends it as `after` goes on behind it."
            ),
            output_field("entity", str, "What the record is, such as Account."),
            output_field("id", strawberry.ID, "The record's identity."),
            output_field("operation", operation, "What was done."),
            output_field("changedFields", list[str], "The names of the fields in `before` and `after`."),
            output_field(
                "before",
                Json | None,
                "What was: of an UPDATE the changed fields, of a DELETE or a PURGE the whole record. "
                "In the form of the inputs.",
            ),
            output_field(
                "after",
                Json | None,
                "What came of it: of an UPDATE the changed fields, of a CREATE or a RESTORE the whole "
                "record. In the form of the inputs.",
            ),
            output_field(
                "version", int, "The record's version after it; each change of a record has a higher one."
            ),
            output_field(
                "actor", str, "Who wrote: the id of an API key, or the login of a database session."
            ),
            output_field("origin", str, "The system that the write came from."),
            output_field("transactionId", str, "What was written together has the same one."),
            output_field(
                "occurredAt", DateTime, "When the transaction that wrote began: the record's updatedAt."
            ),
            output_field("node", types["Node"] | None, "The record as it is now; null where it is deleted."),
        ],
    )


def _define_page(types: TypeRegistry, edge: type) -> None:
    types.object(
        "ChangeConnection",
        "A page of changes.",
        [
            output_field("edges", list_of(edge), "The changes."),
            output_field(
                "pageInfo",
                types["PageInfo"],
                "Where the page lies. The feed gives an endCursor for an empty page, too: go on from it.",
            ),
        ],
    )


def history_field(types: TypeRegistry) -> PlannedField:
    """Return the field of a record that holds its changes."""
    return output_field(
        HISTORY,
        types["ChangeConnection"],
        "Its changes, the newest first, as far back as they are kept.",
        [FIRST, Argument("after", str | None, "The cursor after which the page begins.")],
    )


def query_fields(types: TypeRegistry) -> list[PlannedField]:
    """Return the root fields of the feed."""
    operations = list_of(types.named["ChangeOperation"]) | None
    return [
        output_field(
            CHANGES,
            types["ChangeConnection"],
            "The changes of all records, in an order in which they can be made again elsewhere: each once, "
            "and none before what it builds on.",
            [
                FIRST,
                Argument(
                    "after",
                    str | None,
                    "The cursor after which the page begins: of a change, of a page's end, or of a snapshot. "
                    "Without one it begins with the oldest change that is kept.",
                ),
                ENTITIES,
                Argument("operations", operations, "Which operations; all by default."),
                Argument(
                    "excludeOrigin", str | None, "An origin whose changes are left out: one's own, as a rule."
                ),
            ],
        ),
        output_field(
            SNAPSHOT, types["Snapshot"], "All records to begin with, before the changes.", [ENTITIES]
        ),
    ]
