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
"""

from __future__ import annotations

import base64
import binascii
import re
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import JSONB

from tenure_core.catalog import CompositeField, EntityInfo, ScalarField
from tenure_core.kinds import Kind, clean_text

EXPORT_PATH = "/export"
"""Where an export is had over HTTP."""

SNAPSHOT = re.compile(r"\d{1,19}:\d{1,19}:(\d{1,19}(,\d{1,19})*)?")
MAX_NUMBER = 2**63 - 1


class Operation(StrEnum):
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
    for one in entity.fields.values():
        if isinstance(one, CompositeField):
            fields[one.name] = {name: part.column.name for name, part in one.parts.items()}
        elif isinstance(one, ScalarField) and one.writable:
            fields[one.name] = one.column.name
    return fields | {one.name: {"id": one.column.name} for one in entity.references}


def encoded(position: object) -> str:
    """Return a position as a cursor: its JSON in URL-safe base64 (RFC 4648)."""
    return base64.urlsafe_b64encode(orjson.dumps(position)).decode()


START = encoded([0, "1:1:", 1])
"""The cursor before all changes."""


def _feed_position(cursor: object) -> str:
    found = _decoded(cursor)
    if len(found) not in (3, 6) or not all(map(_is_position, found[::3], found[1::3], found[2::3])):
        raise ValueError("expected a cursor of the change feed, as its edges and its endCursor give it")
    return orjson.dumps(found).decode()


def _is_position(seq: object, snapshot: object, following: object) -> bool:
    numbers = all(isinstance(n, int) and 0 <= n <= MAX_NUMBER for n in (seq, following))
    return numbers and isinstance(snapshot, str) and bool(SNAPSHOT.fullmatch(snapshot))


def _history_position(cursor: object) -> int:
    match _decoded(cursor):
        case [int(seq)] if 0 <= seq <= MAX_NUMBER:
            return seq
    raise ValueError("expected a cursor of a history, as its edges and its endCursor give it")


def _decoded(cursor: object) -> list[Any]:
    try:
        found = orjson.loads(base64.urlsafe_b64decode(clean_text(cursor)))
    except (binascii.Error, ValueError):
        found = None
    return found if isinstance(found, list) else []


FEED_POSITION = Kind("ChangeCursor", JSONB(), _feed_position)
"""Where a reader of the feed stands."""

HISTORY_POSITION = Kind("HistoryCursor", BigInteger(), _history_position)
"""Where a reader of a record's history stands: the number of the last change that it has read."""
