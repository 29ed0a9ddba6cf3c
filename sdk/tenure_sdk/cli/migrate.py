"""`tenure migrate`: runs the pending migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tenure_core.plugins.host import Host

UP_TO_DATE = "The database is up to date."


def migrate(
    plan: Annotated[
        bool, typer.Option("--plan", help="Print the pending migrations and the data they delete; run none.")
    ] = False,
    allow_destructive: Annotated[
        bool, typer.Option("--allow-destructive", help="Also run migrations that delete data.")
    ] = False,
) -> None:
    """Run the pending migrations of the core and of the plugins.

    A migration that drops a table or a column, or narrows a type, requires --allow-destructive; without it,
    no migration runs. The command may be repeated, and may run on several machines at the same time. It
    connects as the owner of the tables: TENURE_MIGRATE_DATABASE_URL, or else DATABASE_URL.

    \b
    Examples:
      tenure migrate --plan
      DATABASE_URL=postgresql://owner@db/tenure tenure migrate
    """
    from tenure_core.migrate.runner import upgrade
    from tenure_core.plugins.host import load_host
    from tenure_core.settings import load_settings
    from tenure_sdk.cli.database import owner_url, running_postgres

    settings = load_settings()
    host = load_host(settings)
    with running_postgres(settings) as url:
        owner = owner_url(settings, url)
        if plan:
            print_plan(owner, host)
            return
        steps = upgrade(owner, host, allow_destructive=allow_destructive)
    for step in steps:
        typer.echo(f"Applied {step}")
    typer.echo(UP_TO_DATE)


def print_plan(url: str, host: Host) -> None:
    """Print the pending migrations of a database and the data that they delete."""
    from tenure_core.migrate.runner import pending

    steps = pending(url, host)
    for step in steps:
        typer.echo(str(step))
        for loss in step.losses:
            typer.echo(f"    DELETES DATA: {loss}")
    if any(step.losses for step in steps):
        typer.echo("Create a backup, and run `tenure migrate --allow-destructive`.")
    elif not steps:
        typer.echo(UP_TO_DATE)
