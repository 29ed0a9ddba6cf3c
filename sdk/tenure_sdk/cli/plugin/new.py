"""`tenure plugin new`: creates a plugin from the templates."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer


def new_plugin(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Name of the plugin: lower-case letters, digits and underscores."
        ),
    ],
    path: Annotated[
        Path | None,
        typer.Option(help="Folder in which the plugin's folder is created. [default: working directory]"),
    ] = None,
) -> None:
    """Create a plugin from a template.

    The result is a small, complete and tested distribution to start from.

    \b
    Examples:
      tenure plugin new fleet && cd fleet && make test
      tenure plugin new fleet --path ~/plugins
    """
    from tenure_core.errors import PluginError
    from tenure_sdk.cli.output import display_path
    from tenure_sdk.conformance.checks.naming_words import TENURE_COMMANDS
    from tenure_sdk.scaffold import write_plugin
    from tenure_sdk.scaffold.source_checkout import write_checkout_file

    if name in TENURE_COMMANDS:
        raise PluginError(f"`tenure {name}` is a built-in command.", "Choose another name.")
    folder = (path or Path()) / name
    for file in (*write_plugin(name, folder), _write_schema(name, folder), write_checkout_file(folder)):
        if file is not None:
            typer.echo(f"Created {display_path(file)}")
    typer.echo(f"\nNext: cd {folder} && make test")


def _write_schema(name: str, folder: Path) -> Path | None:
    """Write the schema of the new plugin's first release, which later checks compare with."""
    from tenure_sdk.conformance.checks.breaking_changes import update_released_schema
    from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set

    sys.path.insert(0, str(folder.resolve()))
    plugin_set = load_plugin_set(import_module(f"tenure_{name}.plugin"), [])
    return update_released_schema(plugin_set.loaded_plugin, plugin_set.additions)
