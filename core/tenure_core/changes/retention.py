"""Maintenance: makes the partitions of the days to come, and forgets what is older than it is to be kept.

Every process of the service does it now and then; PostgreSQL sees to it that one does it at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog

from tenure_core.errors import TenureError
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.settings import Settings

SECONDS_BETWEEN = 3600.0
SECONDS_AFTER_FAILURE = 60.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What was done.

    Args:
        made: The partitions of the change table that were made.
        dropped: The partitions that were dropped, with the changes in them.
        receipts: How many receipts of writes were forgotten.
    """

    made: tuple[str, ...]
    dropped: tuple[str, ...]
    receipts: int


async def apply_retention(database: Database, settings: Settings) -> RetentionReport:
    """Do what is due.

    Args:
        database: Where.
        settings: How long changes and receipts are kept.

    Raises:
        DatabaseUnavailableError: No connection can be had, or others work on the table for too long.
        DatabaseTimeoutError: It took too long.
    """
    async with database.shared_connection() as connection:
        made = await _column(connection, "SELECT tenure_make_change_partitions()")
        dropped = [name async for name in _drop_partitions(connection, settings.change_retention_days)]
        forget = "SELECT tenure_forget_receipts(make_interval(days => %s))"
        [receipts] = await _column(connection, forget, settings.idempotency_days)
    return RetentionReport(tuple(made), tuple(dropped), receipts)


async def _drop_partitions(connection: TenantConnection, days: int) -> AsyncIterator[str]:
    """Drop them one by one, so that each is locked for a moment only; to look through one may take longer."""
    while True:
        async with connection.transaction():
            await connection.execute("SET LOCAL statement_timeout = 0")
            [name] = await _column(connection, "SELECT tenure_drop_change_partition(%s)", days)
        if name is None:
            return
        yield name


async def _column(connection: TenantConnection, statement: str, *values: object) -> list[Any]:
    cursor = await connection.execute(statement, values)
    return [value for (value,) in await cursor.fetchall()]


@asynccontextmanager
async def run_retention(database: Database, settings: Settings) -> AsyncIterator[None]:
    """Do what is due again and again, while the context is open."""
    task = asyncio.create_task(_keep_maintaining(database, settings))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep_maintaining(database: Database, settings: Settings) -> None:
    while True:
        try:
            done = await apply_retention(database, settings)
        except TenureError as error:
            log.warning("maintenance failed and will be tried again", reason=str(error))
            await asyncio.sleep(SECONDS_AFTER_FAILURE)
        else:
            log.debug("maintained", made=done.made, dropped=done.dropped, receipts=done.receipts)
            await asyncio.sleep(SECONDS_BETWEEN)
