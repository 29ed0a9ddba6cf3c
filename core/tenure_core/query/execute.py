"""Executes compiled statements. The only module of the read path that uses a connection."""

from __future__ import annotations

from collections.abc import Sequence

from tenure_core.access.identity import Actor
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.sql import Statement

NULL = b"null"


async def execute(
    database: Database, actor: Actor, statements: Sequence[tuple[Statement, Sequence[object]]]
) -> list[bytes]:
    """Return the JSON result of each statement, in order, over one connection.

    Args:
        database: The database.
        actor: The caller, whose tenant the connection is bound to.
        statements: Each statement with its request values.

    Raises:
        DatabaseUnavailableError: No connection is available.
        DatabaseTimeoutError: A statement exceeded its time limit.
    """
    async with database.tenant_connection(actor.tenant_id) as connection:
        return [await fetch(connection, actor, statement, values) for statement, values in statements]


async def fetch(
    connection: TenantConnection, actor: Actor, statement: Statement, values: Sequence[object]
) -> bytes:
    """Return the JSON result of one statement over a connection that is bound to the actor's tenant."""
    cursor = await connection.execute(statement.text, statement.values(actor, values))
    row = await cursor.fetchone()
    return NULL if row is None or row[0] is None else row[0]
