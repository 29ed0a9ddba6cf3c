"""Leftovers: what the core's tables hold of entities whose tables are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

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


@contextmanager
def forgotten(connection: Connection) -> Iterator[None]:
    """Run revisions, and forget the entities afterwards whose tables they have dropped.

    Otherwise an entity of the same name, years later, would begin with the history and the keys of records
    that nobody has any more.

    Args:
        connection: As the owner of the tables, between transactions.
    """
    before = _captured(connection)
    yield
    connection.commit()  # Alembic leaves a transaction open where there are no revisions at all.
    if gone := before - _captured(connection):
        with connection.begin():
            forget(connection, gone)


def forget(connection: Connection, entities: Collection[str]) -> None:
    """Take away the changes of entities, other systems' keys for their records, and who owns their fields.

    Args:
        connection: As the owner of the tables, in a transaction.
        entities: The names of the entities.
    """
    for statement in FORGET:
        connection.execute(statement, {"entities": list(entities)})


def _captured(connection: Connection) -> set[str]:
    with connection.begin():
        return set(connection.scalars(CAPTURED))
