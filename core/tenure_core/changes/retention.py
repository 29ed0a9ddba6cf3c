"""Retention: creates partitions of the change feed, and deletes expired changes and idempotency records.

The built-in plugin `tenure_core.background.retention_plugin` and `tenure maintain` call it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.settings import Settings


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """The result of `apply_retention`.

    Args:
        created_partitions: The names of the created partitions of the change table.
        dropped_partitions: The names of the dropped partitions.
        deleted_idempotency_records: The number of deleted idempotency records.
    """

    created_partitions: tuple[str, ...]
    dropped_partitions: tuple[str, ...]
    deleted_idempotency_records: int


async def apply_retention(database: Database, settings: Settings) -> RetentionReport:
    """Create the partitions of the next days, and delete expired changes and idempotency records.

    Several processes can call it at the same time: the second one finds nothing to do.

    Args:
        database: The database.
        settings: The retention periods, `change_retention_days` and `idempotency_days`.

    Raises:
        DatabaseUnavailableError: No connection is available, or the change table is locked for too long.
        DatabaseTimeoutError: A statement exceeded the statement timeout.
    """
    async with database.shared_connection() as connection:
        created = await _fetch_column(connection, "SELECT tenure_create_change_partitions()")
        dropped = [name async for name in _drop_partitions(connection, settings.change_retention_days)]
        delete = "SELECT tenure_delete_idempotency_records(make_interval(days => %s))"
        [deleted] = await _fetch_column(connection, delete, settings.idempotency_days)
    return RetentionReport(tuple(created), tuple(dropped), deleted)


async def _drop_partitions(connection: TenantConnection, days: int) -> AsyncIterator[str]:
    """Drop expired partitions, each in its own transaction, so that each lock is short."""
    while True:
        async with connection.transaction():
            # The search for the oldest change of a partition can exceed the statement timeout.
            await connection.execute("SET LOCAL statement_timeout = 0")
            [name] = await _fetch_column(connection, "SELECT tenure_drop_expired_change_partition(%s)", days)
        if name is None:
            return
        yield name


async def _fetch_column(connection: TenantConnection, statement: str, *values: object) -> list[Any]:
    cursor = await connection.execute(statement, values)
    return [value for (value,) in await cursor.fetchall()]
