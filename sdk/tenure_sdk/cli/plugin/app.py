"""`tenure plugin`: the commands about plugins. Each imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

plugin_app = typer.Typer(help="Plugins.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="The plugin.")]
Tenant = Annotated[str, typer.Option(help="The tenant's name.")]


@plugin_app.command("list")
def list_plugins(
    tenant: Annotated[str | None, typer.Option(help="Say which ones this tenant has enabled, too.")] = None,
) -> None:
    """List the plugins that are loaded, those that were left out, and why.

    \b
    Examples:
      tenure plugin list
      tenure plugin list --tenant acme
    """
    from tenure_sdk.cli.plugin.admin import print_plugins

    print_plugins(tenant)


@plugin_app.command("show")
def show(name: Name) -> None:
    """Show all that a plugin brings: entities, fields, roles, settings, personal data. Needs no database.

    \b
    Example:
      tenure plugin show manufacturing
    """
    from tenure_sdk.cli.plugin.admin import show

    show(name)


@plugin_app.command("enable")
def enable(name: Name, tenant: Tenant) -> None:
    """Let a tenant use a plugin. A server that runs takes note within TENURE_KEY_CACHE_SECONDS.

    \b
    Example:
      tenure plugin enable manufacturing --tenant acme
    """
    from tenure_sdk.cli.plugin.admin import switch

    switch(name, tenant, on=True)


@plugin_app.command("disable")
def disable(name: Name, tenant: Tenant) -> None:
    """Let a tenant no longer use a plugin. Its records are kept, and are there again when it is enabled.

    \b
    Example:
      tenure plugin disable manufacturing --tenant acme
    """
    from tenure_sdk.cli.plugin.admin import switch

    switch(name, tenant, on=False)


@plugin_app.command("set")
def set_settings(
    name: Name,
    settings: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="Settings and their values.")],
    tenant: Tenant,
) -> None:
    """Change a tenant's settings of a plugin. `tenure plugin show` names them.

    A value is taken as it stands, or as JSON where it begins with [, { or ". `null` takes a setting back to
    its default. Where one is wrong, none is changed.

    \b
    Examples:
      tenure plugin set manufacturing days_ahead=14 --tenant acme
      tenure plugin set manufacturing 'regions=["north", "south"]' days_ahead=null --tenant acme
    """
    from tenure_sdk.cli.plugin.admin import change

    change(name, tenant, settings)


@plugin_app.command("new")
def new(
    name: Annotated[
        str, typer.Argument(help="What it is called: lower case letters, digits and underscores.")
    ],
    path: Annotated[
        Path | None, typer.Option(help="The folder that its own is made in. [default: this one]")
    ] = None,
) -> None:
    """Write a new plugin: small, complete and tested, as a distribution of its own, to make your own of.

    \b
    Examples:
      tenure plugin new fleet && cd fleet && make test
      tenure plugin new fleet --path ~/plugins
    """
    from tenure_sdk.cli.plugin.new import new_plugin

    new_plugin(name, path)


@plugin_app.command("makemigration")
def make_migration(
    name: Annotated[str, typer.Argument(help="The plugin, installed from its sources.")],
    message: Annotated[
        str, typer.Option("--message", "-m", help="What it does. [default: the tables that it is about]")
    ] = "",
) -> None:
    """Write a plugin's next migration: what its entities need beyond what its migrations make so far.

    Row-level security and change capture are in it. The file comes to lie in the folder `migrations` beside
    the plugin's module; look it over before you keep it. A database to try it in is made and dropped again,
    on the PostgreSQL of DATABASE_URL or on the embedded one.

    \b
    Examples:
      tenure plugin makemigration fleet
      tenure plugin makemigration fleet -m "Seats of vehicles"
    """
    from tenure_sdk.cli.plugin.migrations import make_migration

    make_migration(name, message)


@plugin_app.command("uninstall")
def uninstall(
    name: Name,
    export: Annotated[
        Path | None,
        typer.Option(help="The folder that the records are exported to. [default: NAME-export]"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a plugin out of the database, for all tenants: export its records, drop its tables and its traces.

    Each tenant's records come to lie in a file of their own, a line of JSON each, as /export gives them. Stop
    the servers first; afterwards take the package away, or the next `tenure migrate` makes its tables anew.

    \b
    Example:
      tenure plugin uninstall manufacturing --export backup/manufacturing
    """
    from tenure_sdk.cli.plugin.migrations import uninstall

    uninstall(name, export or Path(f"{name}-export"), yes)


@plugin_app.command("check")
def check(
    name: Name,
    update_schema: Annotated[
        bool,
        typer.Option(
            "--update-schema", help="Keep the schema as that of the last release, and check nothing."
        ),
    ] = False,
) -> None:
    """Check that a plugin keeps what plugins promise, on databases that are made for it and dropped again.

    It starts alone and beside all that is installed; its migrations go up, down and up again with data kept,
    and leave nothing behind; its questions take as many statements for many rows as for few; none crosses
    tenants or passes a missing right; names and descriptions keep the rules; clients of the last release are
    not broken; on_change makes nothing new of what it has heard before.

    TENURE_TEST_DATABASE_URL names a PostgreSQL to make databases in; without it, an embedded one is used.

    \b
    Exit codes:
      0  nothing is wrong
      1  something is: each finding says what, where, and how to mend it
      3  the plugin is not installed, or PostgreSQL can't be had

    \b
    Examples:
      tenure plugin check fleet
      tenure plugin check fleet --update-schema
    """
    from tenure_sdk.cli.plugin import check

    if update_schema:
        check.update_schema(name)
    else:
        check.check(name)
