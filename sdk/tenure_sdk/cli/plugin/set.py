"""`tenure plugin set`: changes a tenant's settings of a plugin."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tenure_core.errors import BadUserInputError
from tenure_sdk.cli.plugin.arguments import PluginName, TenantName

EXIT_INVALID_SETTINGS = 1


def set_settings(
    name: PluginName,
    settings: Annotated[
        list[str], typer.Argument(metavar="KEY=VALUE", help="Settings and their new values.")
    ],
    tenant: TenantName,
) -> None:
    """Change a tenant's settings of a plugin. `tenure plugin show` lists the settings.

    A value that begins with [, { or " is parsed as JSON; other values are strings. `null` resets a setting to
    its default. If one setting is invalid, none is changed and the exit code is 1.

    \b
    Examples:
      tenure plugin set manufacturing days_ahead=14 --tenant acme
      tenure plugin set manufacturing 'regions=["north", "south"]' days_ahead=null --tenant acme
    """
    from tenure_core.plugins.administration.tenant_settings import change_settings
    from tenure_core.plugins.host import load_host
    from tenure_core.settings import load_settings
    from tenure_sdk.cli.plugin.tenant import open_tenant

    host = load_host(load_settings())
    plugin, values = host[name], dict(map(_parse_setting, settings))
    with open_tenant(host, tenant) as database:
        errors = database.run(
            lambda connection: change_settings(connection, plugin, database.tenant_id, values)
        )
    for error in errors:
        typer.echo(f"tenure: {error}", err=True)
    if errors:
        raise typer.Exit(EXIT_INVALID_SETTINGS)
    typer.echo(f"Changed for {tenant}: {', '.join(values)}.")


def _parse_setting(text: str) -> tuple[str, object]:
    key, separator, value = text.partition("=")
    if not separator:
        raise BadUserInputError(f"{text!r} is not a setting.", "Write KEY=VALUE.")
    if value != "null" and not value.startswith(("[", "{", '"')):
        return key, value
    try:
        return key, json.loads(value)
    except ValueError as error:
        raise BadUserInputError(
            f"The value of {key} is not valid JSON: {error}.", "Quote it for the shell."
        ) from None
