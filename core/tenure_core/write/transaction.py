"""Transactions: work of one actor, done wholly or not at all, and again where it met another write."""

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
"""What is done in a transaction: it may be done several times, and counts once."""

ATTEMPTS = 10
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0
"""Seconds between attempts: twice as many after each, and a random part of them, so that writers part."""


async def run_in_transaction(database: Database, actor: Actor, work: Work[Result]) -> Result:
    """Do some work in a transaction of an actor, and again where it met another write.

    Raises:
        ConflictError: It met another write every time.
    """
    for attempt in range(ATTEMPTS - 1):
        try:
            return await _once(database, actor, work)
        except ConflictError:
            longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
            await asyncio.sleep(random.uniform(0, longest))  # noqa: S311  # no secret: it only parts writers
    return await _once(database, actor, work)


async def _once(database: Database, actor: Actor, work: Work[Result]) -> Result:
    async with database.write_transaction(actor.tenant_id, actor.audit_name, actor.origin) as connection:
        return await work(connection)
