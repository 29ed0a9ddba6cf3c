"""Leftovers: what the core's tables hold of entities whose tables are gone."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import nullcontext

from sqlalchemy import Connection, text

CAPTURED = text("""
    SELECT obj_description(oid, 'pg_trigger')::jsonb ->> 'entity' FROM pg_trigger
    WHERE tgname = 'tenure_3_capture_insert' AND obj_description(oid, 'pg_trigger') IS NOT NULL
""")
"""The entities whose records are captured, as `tenure_capture` notes them."""

FORGET = tuple(
    text(f"DELETE FROM {table} WHERE entity = ANY (:entities)")
    for table in ("change", "external_ref", "field_owner")
)


class OrphanCleanup:
    """Forgets after each revision, in its transaction, the entities whose tables it has dropped.

    Otherwise an entity of the same name, years later, would begin with the history and the keys of records
    that nobody has any more.

    Args:
        connection: As the owner of the tables, before the first revision.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Alembic commits only what it has begun itself.
        with nullcontext() if connection.in_transaction() else connection.begin():
            self._known = _captured(connection)

    def __call__(self, **_: object) -> None:
        """Compare what there is with what was there before the revision."""
        before, self._known = self._known, _captured(self._connection)
        if gone := before - self._known:
            forget(self._connection, gone)


def forget(connection: Connection, entities: Collection[str]) -> None:
    """Take away the changes of entities, other systems' keys for their records, and who owns their fields.

    Args:
        connection: As the owner of the tables, in a transaction.
        entities: The names of the entities.
    """
    for statement in FORGET:
        connection.execute(statement, {"entities": list(entities)})


def _captured(connection: Connection) -> set[str]:
    return set(connection.scalars(CAPTURED))
