"""Deletes the rows of core tables that refer to entities whose tables have been dropped."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import nullcontext

from sqlalchemy import Connection, text

SELECT_CAPTURED = text("""
    SELECT obj_description(oid, 'pg_trigger')::jsonb ->> 'entity' FROM pg_trigger
    WHERE tgname = 'tenure_3_capture_insert' AND obj_description(oid, 'pg_trigger') IS NOT NULL
""")
"""The entities with change capture, from the trigger comments that `tenure_capture` writes."""

DELETE_ROWS = tuple(
    text(f"DELETE FROM {table} WHERE entity = ANY (:entities)")
    for table in ("change", "external_ref", "field_owner")
)


class OrphanCleanup:
    """Deletes after each revision, in its transaction, the rows of entities whose tables it dropped.

    Otherwise, a later entity with the same name would start with the changes and external references of
    unrelated records.

    Args:
        connection: A connection of the owner of the tables, before the first revision.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Alembic commits only transactions that it started itself.
        with nullcontext() if connection.in_transaction() else connection.begin():
            self._captured = _list_captured(connection)

    def __call__(self, **_: object) -> None:
        """Delete the rows of the entities that have disappeared since the last call."""
        before, self._captured = self._captured, _list_captured(self._connection)
        if dropped := before - self._captured:
            delete_entity_rows(self._connection, dropped)


def delete_entity_rows(connection: Connection, entities: Collection[str]) -> None:
    """Delete the changes, external references and field owners of entities.

    Args:
        connection: A connection of the owner of the tables, in a transaction.
        entities: The names of the entities.
    """
    for statement in DELETE_ROWS:
        connection.execute(statement, {"entities": list(entities)})


def _list_captured(connection: Connection) -> set[str]:
    return set(connection.scalars(SELECT_CAPTURED))
