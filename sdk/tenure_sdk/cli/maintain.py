"""`tenure maintain`."""

from __future__ import annotations

import asyncio

import typer

from tenure_core.changes.retention import RetentionReport
from tenure_core.changes.retention import apply_retention as maintain_database
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings, load_settings
from tenure_sdk.cli.database import refuse_pending_migrations, running_postgres


def maintain() -> None:
    """Do the maintenance that is due, and say what was done.

    Raises:
        TenureError: A setting is wrong, or the database can't be reached or is too old.
    """
    settings = load_settings()
    with running_postgres(settings) as url:
        refuse_pending_migrations(url)
        done = asyncio.run(_maintain(url, settings))
    for name in done.made:
        typer.echo(f"Made {name}")
    for name in done.dropped:
        typer.echo(f"Dropped {name}")
    typer.echo(f"Forgot {done.receipts} receipt(s).")


async def _maintain(url: str, settings: Settings) -> RetentionReport:
    async with Database(url, settings) as database:
        return await maintain_database(database, settings)
