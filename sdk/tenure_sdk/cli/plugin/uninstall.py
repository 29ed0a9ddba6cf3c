"""`tenure plugin uninstall`: removes a plugin from the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenure_core.errors import PluginError
from tenure_sdk.cli.output import display_path
from tenure_sdk.cli.plugin.arguments import PluginName


def uninstall(
    name: PluginName,
    export: Annotated[
        Path | None, typer.Option(help="Folder for the exported records. [default: NAME-export]")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")] = False,
) -> None:
    """Remove a plugin and its data from the database.

    Exports the records and drops the tables, for all tenants. Writes one NDJSON file per tenant, in the
    format of /export. Stop the servers first. Afterwards remove the plugin's package, or the next
    `tenure migrate` creates the tables again.

    \b
    Example:
      tenure plugin uninstall manufacturing --export backup/manufacturing
    """
    from tenure_core.migrate.uninstall import Target
    from tenure_core.migrate.uninstall import uninstall as uninstall_plugin
    from tenure_core.plugins.host import load_host
    from tenure_core.settings import load_settings
    from tenure_sdk.cli.database import migrated_postgres

    settings = load_settings()
    host = load_host(settings)
    name = host[name].name
    folder = export or Path(f"{name}-export")
    _check_empty(folder)
    with migrated_postgres(settings, host) as (url, owner):
        if not yes:
            typer.confirm(f"Export the records of {name} and drop its tables, for all tenants?", abort=True)
        for file in uninstall_plugin(Target(url, owner, settings), host, name, folder):
            typer.echo(f"Exported {display_path(file)}")
    typer.echo(f"{name} is uninstalled. Remove its package, or deny it with TENURE_PLUGINS_DENY={name}.")


def _check_empty(folder: Path) -> None:
    """Check that the export overwrites nothing: an earlier export may be the only copy of its records."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise PluginError(f"{display_path(folder)} is not empty.", "Choose another folder with --export.")
