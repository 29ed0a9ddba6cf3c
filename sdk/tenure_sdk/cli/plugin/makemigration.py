"""`tenure plugin makemigration`: generates a plugin's next migration."""

from __future__ import annotations

from typing import Annotated

import typer


def make_migration(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the plugin, installed from its source.")
    ],
    message: Annotated[
        str,
        typer.Option("--message", "-m", help="Description of the migration. [default: the changed tables]"),
    ] = "",
) -> None:
    """Generate a plugin's next migration.

    Compares the plugin's entities with the tables that its migrations create. The migration includes
    row-level security and change capture. The file is written to the folder `migrations` next to the plugin's
    module; review it before you commit it. The command creates and drops a temporary database on the
    PostgreSQL server of DATABASE_URL, or on the embedded one.

    \b
    Examples:
      tenure plugin makemigration fleet
      tenure plugin makemigration fleet -m "Seats of vehicles"
    """
    from tenure_core.migrate.autogenerate import write_revision
    from tenure_core.plugins.host import load_host
    from tenure_core.settings import load_settings
    from tenure_sdk.cli.database import running_postgres
    from tenure_sdk.cli.output import display_path

    settings = load_settings()
    host = load_host(settings)
    with running_postgres(settings) as url:
        file = write_revision(url, host, name, message)
    if file is None:
        typer.echo(f"The migrations of {name} match its entities: nothing to generate.")
    else:
        typer.echo(f"Created {display_path(file)}")
