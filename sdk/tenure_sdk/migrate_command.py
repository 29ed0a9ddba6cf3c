"""`tenure migrate`."""

from __future__ import annotations

import typer

from tenure_core.migrate import pending, upgrade
from tenure_core.settings import load_settings
from tenure_sdk.postgres import owner_url, running_postgres


def migrate() -> None:
    """Run every migration that the database lacks, and say which.

    Raises:
        TenureError: A setting is wrong, or the database can't be reached or refuses.
    """
    settings = load_settings()
    with running_postgres(settings) as url:
        owner = owner_url(settings, url)
        missing = pending(owner)
        upgrade(owner)
    for revision in missing:
        typer.echo(f"Applied {revision}")
    typer.echo("The database is up to date.")
