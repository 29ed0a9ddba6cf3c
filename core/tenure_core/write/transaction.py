"""Runs work in a write transaction, and retries it after a conflict with a concurrent write."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenure_core.access.identity import Actor
from tenure_core.errors import ConflictError
from tenure_core.postgres.database import Database, TenantConnection

Result = TypeVar("Result")
Work = Callable[[TenantConnection], Awaitable[Result]]
"""Work in a transaction. It may run several times; only the last run is committed."""

MAX_ATTEMPTS = 10
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.02, 1.0
"""Limits of the random pause between attempts; the limit doubles with each attempt."""


async def run_in_transaction(database: Database, actor: Actor, work: Work[Result]) -> Result:
    """Run work in a write transaction, and retry it after a conflict with a concurrent write.

    Args:
        database: The database.
        actor: The caller; the write is recorded under the actor's name.
        work: The work; it may run several times.

    Raises:
        ConflictError: Every attempt conflicted with another write.
    """
    for attempt in range(MAX_ATTEMPTS - 1):
        try:
            return await _run_once(database, actor, work)
        except ConflictError:
            limit = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt)
            await asyncio.sleep(random.uniform(0, limit))  # noqa: S311  # jitter, not a secret
    return await _run_once(database, actor, work)


async def _run_once(database: Database, actor: Actor, work: Work[Result]) -> Result:
    async with database.write_transaction(actor.tenant_id, actor.audit_name, actor.origin) as connection:
        return await work(connection)
