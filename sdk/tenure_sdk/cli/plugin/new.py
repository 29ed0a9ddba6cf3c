"""`tenure plugin new`."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import typer

from tenure_sdk.cli.output import display_path
from tenure_sdk.conformance.checks.breaking_changes import update
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set
from tenure_sdk.scaffold import write_plugin
from tenure_sdk.scaffold.source_checkout import keep_checkout


def new_plugin(name: str, path: Path | None) -> None:
    """Write a new plugin, and say what to do with it.

    Args:
        name: What it is called.
        path: The folder that its own comes to lie in.

    Raises:
        PluginError: The name is none, or there is something in the folder.
    """
    folder = (path or Path()) / name
    for file in (*write_plugin(name, folder), _keep_schema(name, folder), keep_checkout(folder)):
        if file is not None:
            typer.echo(f"Written: {display_path(file)}")
    typer.echo(f"\nNext: cd {folder} && make test")


def _keep_schema(name: str, folder: Path) -> Path | None:
    """Keep what the new plugin adds to the schema, as that of its first release."""
    sys.path.insert(0, str(folder.resolve()))
    company = load_plugin_set(import_module(f"tenure_{name}.plugin"), [])
    return update(company.loaded, company.additions)
