"""The cursors of the change feed and of the history of a record.

Triggers number changes with `seq` when they are made. A change that depends on another one, because it
writes the same record or refers to it, was made after the other one was committed, and has a higher `seq`:
changes can be replayed in the order of `seq`. (They cannot be replayed in the order of transaction ids: an
older transaction may have written a record after a younger one.)

Changes become visible out of order, since transactions take different times. Therefore a cursor of the feed
contains a `seq` together with the snapshot in which it was read (`pg_current_snapshot`): the client has
read all changes up to this `seq` that the snapshot shows. Still to be read are the changes with a higher
`seq`, and those with a lower one that the snapshot does not show. The latter belong to the transactions
that ran at that time: those in the snapshot's list, and those from its upper end up to the next transaction
id. The cursor contains this id as its third part. No change is skipped or read twice, and no reader waits
for a long transaction.

If a long transaction leaves more changes below the `seq` than fit on a page, the cursor points into them,
and has three more parts: the `seq` up to which they are read, and the snapshot, with its next transaction
id, that shows all of them. The parts are separated by points: plain text is the fastest format with 1,000
cursors on a page.
"""

from __future__ import annotations

import re

from sqlalchemy import BigInteger

from tenure_core.entities.scalar_types import TEXT, ScalarType, validate_text

START = "0.1:1:.1"
"""The cursor before all changes."""

POSITION = r"\d{1,19}\.\d{1,19}:\d{1,19}:(?:\d{1,19}(?:,\d{1,19})*)?\.\d{1,19}"
CURSOR = re.compile(rf"{POSITION}(?:\.{POSITION})?")


def _parse_change_cursor(cursor: object) -> str:
    text = validate_text(cursor)
    if not CURSOR.fullmatch(text):
        raise ValueError("expected a cursor of the change feed, from `cursor` of an edge or from `endCursor`")
    return text


def _parse_history_cursor(cursor: object) -> int:
    text = validate_text(cursor)
    if not re.fullmatch(r"\d{1,18}", text):
        raise ValueError("expected a cursor of a history, from `cursor` of an edge or from `endCursor`")
    return int(text)


CHANGE_CURSOR = ScalarType("ChangeCursor", TEXT, _parse_change_cursor)
"""A position in the change feed."""

HISTORY_CURSOR = ScalarType("HistoryCursor", BigInteger(), _parse_history_cursor)
"""A position in the history of a record: the `seq` of the last change that the client has read."""
