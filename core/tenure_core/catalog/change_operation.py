"""Changes: what the triggers keep of every write, and how a reader of the feed says where it stands.

The triggers number changes with `seq` as they are made. A change that builds on another, because it wrote the
same record or refers to it, was made after the other was committed, and has a higher number: in the order of
`seq` changes can be replayed. (In the order of transaction ids they can't: the older transaction may have
written a record after the younger one.)

Numbers become visible out of order, though, since transactions take their time. So a reader remembers a
number together with the snapshot that it read in (`pg_current_snapshot`): it has read what the snapshot shows
up to the number. Left to be read are the changes beyond the number, and those up to it which the snapshot did
not show. The latter are of the transactions that ran at that time: those that the snapshot lists, and those
from its end up to the next id that was given out. A cursor is therefore a number, a snapshot and that id.
Nothing is skipped or read twice, and nobody waits for a long transaction.

Where a long transaction leaves more behind the number than a page holds, a cursor points into the midst of
it, and has three parts more: how far it is read, and the snapshot, with its next id, that shows all of it.
The parts stand in a row, with points between them: plain text costs least, with a thousand on a page.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger

from tenure_core.catalog.catalog import CompositeField, EntityInfo, ScalarField
from tenure_core.entities.scalar_types import TEXT, ScalarType, validate_text

EXPORT_PATH = "/export"
"""Where an export is had over HTTP."""

START = "0.1:1:.1"
"""The cursor before all changes."""

POSITION = r"\d{1,19}\.\d{1,19}:\d{1,19}:(?:\d{1,19}(?:,\d{1,19})*)?\.\d{1,19}"
CURSOR = re.compile(rf"{POSITION}(?:\.{POSITION})?")


class ChangeOperation(StrEnum):
    """What a change did to its record."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    RESTORE = "RESTORE"
    PURGE = "PURGE"


def capture_template(entity: EntityInfo) -> dict[str, Any]:
    """Return what the triggers keep of an entity's records: the form of its inputs, with columns for values.

    A migration hands it to `tenure_capture`, as JSON.
    """
    fields: dict[str, Any] = {}
    declared = set(entity.declared_scalars)
    for one in entity.fields.values():
        if isinstance(one, CompositeField):
            fields[one.name] = {name: part.column.name for name, part in one.parts.items()}
        elif isinstance(one, ScalarField) and one in declared:
            fields[one.name] = one.column.name
    return fields | {one.name: {"id": one.column.name} for one in entity.references}


def _feed_position(cursor: object) -> str:
    text = validate_text(cursor)
    if not CURSOR.fullmatch(text):
        raise ValueError("expected a cursor of the change feed, as its edges and its endCursor give it")
    return text


def _history_position(cursor: object) -> int:
    text = validate_text(cursor)
    if not re.fullmatch(r"\d{1,18}", text):
        raise ValueError("expected a cursor of a history, as its edges and its endCursor give it")
    return int(text)


CHANGE_CURSOR = ScalarType("ChangeCursor", TEXT, _feed_position)
"""Where a reader of the feed stands."""

HISTORY_CURSOR = ScalarType("HistoryCursor", BigInteger(), _history_position)
"""Where a reader of a record's history stands: the number of the last change that it has read."""
