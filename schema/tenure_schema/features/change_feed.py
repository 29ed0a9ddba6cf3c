"""Changes: the types of the change feed, of a record's history and of a snapshot."""

from __future__ import annotations

import strawberry

from tenure_core.catalog.change_operation import Operation
from tenure_core.query.plan.changes import CHANGES, HISTORY, SNAPSHOT
from tenure_schema.types.builder import Argument, PlannedField, Types, list_of, output
from tenure_schema.types.scalars import DateTime, Json

FIRST = Argument("first", int | None, "How many at most: 100 where nothing is said, 1,000 at most.")
ENTITIES = Argument(
    "entities", list[str] | None, "The names of the entities, such as Account; all by default."
)


def define_changes(types: Types) -> None:
    """Define the object types: a page of changes, and a snapshot."""
    _define_page(types, _define_edge(types))
    types.object(
        "Snapshot",
        "All records as they were at one moment, and the place in the change feed where that moment lies.",
        [
            output(
                "url",
                str,
                "Where it is had, with the same API key: a stream of lines, each a JSON object. The first "
                "has the cursor from which `changes` goes on, the last says that it is complete.",
            )
        ],
    )


def _define_edge(types: Types) -> type:
    operation = types.enum("ChangeOperation", "What a change did to its record.", list(Operation))
    return types.object(
        "ChangeEdge",
        "One change of one record. A change that builds on another comes after it.",
        [
            output("cursor", str, "Where it stands: a reader that sends it as `after` goes on behind it."),
            output("entity", str, "What the record is, such as Account."),
            output("id", strawberry.ID, "The record's identity."),
            output("operation", operation, "What was done."),
            output("changedFields", list[str], "The names of the fields in `before` and `after`."),
            output(
                "before",
                Json | None,
                "What was: of an UPDATE the changed fields, of a DELETE or a PURGE the whole record. "
                "In the form of the inputs.",
            ),
            output(
                "after",
                Json | None,
                "What came of it: of an UPDATE the changed fields, of a CREATE or a RESTORE the whole "
                "record. In the form of the inputs.",
            ),
            output(
                "version", int, "The record's version after it; each change of a record has a higher one."
            ),
            output("actor", str, "Who wrote: the id of an API key, or the login of a database session."),
            output("origin", str, "The system that the write came from."),
            output("transactionId", str, "What was written together has the same one."),
            output("occurredAt", DateTime, "When the transaction that wrote began: the record's updatedAt."),
            output("node", types["Node"] | None, "The record as it is now; null where it is deleted."),
        ],
    )


def _define_page(types: Types, edge: type) -> None:
    types.object(
        "ChangeConnection",
        "A page of changes.",
        [
            output("edges", list_of(edge), "The changes."),
            output(
                "pageInfo",
                types["PageInfo"],
                "Where the page lies. The feed gives an endCursor for an empty page, too: go on from it.",
            ),
        ],
    )


def history_field(types: Types) -> PlannedField:
    """Return the field of a record that holds its changes."""
    return output(
        HISTORY,
        types["ChangeConnection"],
        "Its changes, the newest first, as far back as they are kept.",
        [FIRST, Argument("after", str | None, "The cursor after which the page begins.")],
    )


def change_questions(types: Types) -> list[PlannedField]:
    """Return the root fields of the feed."""
    operations = list_of(types.named["ChangeOperation"]) | None
    return [
        output(
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
        output(SNAPSHOT, types["Snapshot"], "All records to begin with, before the changes.", [ENTITIES]),
    ]
