"""Writers at the same time: what one of them holds, and whether another waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.entity_writer import Writer

from tenure_core.errors import ConflictError
from tenure_core.postgres.database import TenantConnection

LOCK = "SELECT 1 FROM account WHERE id = %s FOR NO KEY UPDATE NOWAIT"
WAITING = """
SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE NOT granted AND datname = current_database()
"""


@asynccontextmanager
async def held(accounts: Writer, identity: object) -> AsyncIterator[TenantConnection]:
    """Hold an account as another writer does, and lend the connection that holds it."""
    async with accounts.connected() as connection:
        await connection.execute(LOCK, (identity,))
        yield connection


async def is_free(accounts: Writer, identity: object) -> bool:
    """Return whether no writer holds an account."""
    try:
        async with accounts.connected() as connection:
            await connection.execute(LOCK, (identity,))
    except ConflictError:
        return False
    return True


async def waits_for_a_lock(accounts: Writer) -> None:
    """Wait until a writer waits."""
    while await accounts.select(WAITING) == [(0,)]:  # noqa: ASYNC110  # PostgreSQL tells nobody
        await asyncio.sleep(0.01)
