"""`tenure plugin makemigration` and `tenure plugin uninstall`."""

from __future__ import annotations

from pathlib import Path

import typer

from tenure_core.errors import PluginError
from tenure_core.plugins.host import load_host
from tenure_core.settings import load_settings
from tenure_sdk.cli.database import owner_url, refuse_pending_migrations, running_postgres
from tenure_sdk.cli.output import display_path


def make_migration(name: str, message: str) -> None:
    """Write a plugin's next migration, and say where it lies.

    Args:
        name: The plugin.
        message: What the migration does; "" where its tables say it.

    Raises:
        TenureError: A setting or a plugin is wrong, or PostgreSQL can't be reached or refuses.
    """
    from tenure_core.migrate.autogenerate import write_revision

    settings = load_settings()
    host = load_host(settings)
    with running_postgres(settings) as url:
        written = write_revision(url, host, name, message)
    if written is None:
        typer.echo(f"The migrations of {name} make all that its entities need.")
    else:
        typer.echo(f"Written: {display_path(written)}")


def uninstall(name: str, folder: Path, sure: bool) -> None:
    """Take a plugin out of the database, and say where its records lie now.

    Args:
        name: The plugin.
        folder: Where its records are exported to.
        sure: Whether nobody has to be asked.

    Raises:
        TenureError: A setting or a plugin is wrong, there is something in the folder, or the database can't
            be reached or refuses.
        typer.Abort: Whoever was asked said no.
    """
    from tenure_core.migrate.uninstall import Target
    from tenure_core.migrate.uninstall import uninstall as take_out

    settings = load_settings()
    host = load_host(settings)
    known = host[name].name
    _refuse_full(folder)
    with running_postgres(settings) as url:
        owner = owner_url(settings, url)
        refuse_pending_migrations(owner, host)
        if not sure:
            typer.confirm(f"Drop the tables of {known}, of all tenants, once they are exported?", abort=True)
        for file in take_out(Target(url, owner, settings), host, name, folder):
            typer.echo(f"Exported: {display_path(file)}")
    typer.echo(f"{name} is taken out. Remove its package, or deny it with TENURE_PLUGINS_DENY={name}.")


def _refuse_full(folder: Path) -> None:
    """Return where nothing lies that an export could be written over: it may be the last of some records."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise PluginError(
            f"There is something in {display_path(folder)} already.", "Name another with --export."
        )
