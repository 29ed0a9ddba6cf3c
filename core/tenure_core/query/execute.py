"""Execute: runs compiled statements. The only reader that holds a connection."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.sql import Statement

NULL = b"null"


async def execute(
    database: Database, tenant_id: UUID, statements: Sequence[tuple[Statement, Sequence[object]]]
) -> list[bytes]:
    """Return the JSON that PostgreSQL makes of each statement, in order, over one connection.

    Args:
        database: Where to run them.
        tenant_id: Whose data.
        statements: Each statement with its values.

    Raises:
        DatabaseUnavailableError: No connection can be had.
        DatabaseTimeoutError: A statement ran too long.
    """
    async with database.tenant_connection(tenant_id) as connection:
        return [await fetch(connection, tenant_id, statement, bound) for statement, bound in statements]


async def fetch(
    connection: TenantConnection, tenant_id: UUID, statement: Statement, bound: Sequence[object]
) -> bytes:
    """Return the JSON of one statement over a connection that the caller holds."""
    cursor = await connection.execute(statement.text, statement.values(tenant_id, bound))
    row = await cursor.fetchone()
    return NULL if row is None or row[0] is None else row[0]
