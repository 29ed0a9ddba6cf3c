"""`tenure schema print`: prints the GraphQL schema."""

from __future__ import annotations

import typer


def print_schema() -> None:
    """Print the GraphQL schema of the core and the loaded plugins in SDL. Needs no database.

    \b
    Examples:
      tenure schema print > schema.graphql
      TENURE_PLUGINS_ALLOW= tenure schema print
    """
    from tenure_core.plugins.host import load_host
    from tenure_core.settings import load_settings
    from tenure_schema.plugins.schema_parts import PluginParts
    from tenure_schema.schema import schema_text

    host = load_host(load_settings())
    typer.echo(schema_text(host.catalog, PluginParts.of(host)), nl=False)
