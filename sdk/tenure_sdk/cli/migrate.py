"""`tenure migrate`."""

from __future__ import annotations

import typer

from tenure_core.migrate.runner import pending, upgrade
from tenure_core.plugins.host import load_host
from tenure_core.settings import load_settings
from tenure_sdk.cli.database import owner_url, running_postgres

UP_TO_DATE = "The database is up to date."


def migrate(allow_destructive: bool) -> None:
    """Run every migration that the database lacks, and say which.

    Args:
        allow_destructive: Whether they may take data away.

    Raises:
        TenureError: A setting or a plugin is wrong, or the database can't be reached or refuses.
    """
    settings = load_settings()
    host = load_host(settings)
    with running_postgres(settings) as url:
        done = upgrade(owner_url(settings, url), host, allow_destructive=allow_destructive)
    for step in done:
        typer.echo(f"Applied {step}")
    typer.echo(UP_TO_DATE)


def show_plan() -> None:
    """Say which migrations the database lacks, and what they would take away.

    Raises:
        TenureError: A setting or a plugin is wrong, or the database can't be reached.
    """
    settings = load_settings()
    host = load_host(settings)
    with running_postgres(settings) as url:
        steps = pending(owner_url(settings, url), host)
    for step in steps:
        typer.echo(str(step))
        for loss in step.losses:
            typer.echo(f"    DESTROYS DATA: {loss}")
    if any(step.losses for step in steps):
        typer.echo("Keep a backup, and run `tenure migrate --allow-destructive`.")
    elif not steps:
        typer.echo(UP_TO_DATE)
