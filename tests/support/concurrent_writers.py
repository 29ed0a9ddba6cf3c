"""Functions for tests of concurrent writers: hold a lock, and check or await the locks of other writers."""

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
async def hold_lock(accounts: Writer, record_id: object) -> AsyncIterator[TenantConnection]:
    """Lock an account as another writer does, and yield the connection."""
    async with accounts.connect() as connection:
        await connection.execute(LOCK, (record_id,))
        yield connection


async def is_free(accounts: Writer, record_id: object) -> bool:
    """Return whether no writer has locked an account."""
    try:
        async with accounts.connect() as connection:
            await connection.execute(LOCK, (record_id,))
    except ConflictError:
        return False
    return True


async def wait_for_waiting_writer(accounts: Writer) -> None:
    """Wait until a writer waits for a lock."""
    while await accounts.select(WAITING) == [(0,)]:  # noqa: ASYNC110  # PostgreSQL has no notification for this
        await asyncio.sleep(0.01)
