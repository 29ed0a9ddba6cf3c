"""`tenure schema print`."""

from __future__ import annotations

import typer

from tenure_core.plugins.host import load_host
from tenure_core.settings import load_settings
from tenure_schema.plugins.schema_parts import PluginParts
from tenure_schema.schema import schema_text


def print_schema() -> None:
    """Print the schema of the core and of the plugins that are loaded.

    Raises:
        TenureError: A setting or a plugin is wrong.
    """
    host = load_host(load_settings())
    typer.echo(schema_text(host.catalog, PluginParts.of(host)), nl=False)
