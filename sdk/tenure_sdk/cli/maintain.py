"""`tenure maintain`: applies the retention periods."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from tenure_core.changes.retention import RetentionReport
    from tenure_core.settings import Settings


def maintain() -> None:
    """Apply the retention periods to the database.

    Creates the partitions for the changes of the next days, and deletes expired changes and idempotency keys.
    `tenure worker` does the same every hour, and so does `tenure serve` unless TENURE_WORKER=0. The command
    is for systems that run no worker, or that maintain the database at a fixed time.
    TENURE_CHANGE_RETENTION_DAYS and TENURE_IDEMPOTENCY_DAYS are the retention periods.

    \b
    Example:
      DATABASE_URL=postgresql://tenure@db/tenure tenure maintain
    """
    from tenure_core.settings import load_settings
    from tenure_sdk.cli.database import check_migrations, running_postgres

    settings = load_settings()
    with running_postgres(settings) as url:
        check_migrations(url)
        report = asyncio.run(_apply_retention(url, settings))
    for name in report.created_partitions:
        typer.echo(f"Created {name}")
    for name in report.dropped_partitions:
        typer.echo(f"Dropped {name}")
    typer.echo(f"Deleted {report.deleted_idempotency_records} idempotency key(s).")


async def _apply_retention(url: str, settings: Settings) -> RetentionReport:
    from tenure_core.changes.retention import apply_retention
    from tenure_core.postgres.database import Database

    async with Database(url, settings) as database:
        return await apply_retention(database, settings)
