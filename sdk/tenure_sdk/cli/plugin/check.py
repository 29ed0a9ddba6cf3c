"""`tenure plugin check`: runs the conformance checks on a plugin."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from tenure_sdk.cli.plugin.arguments import PluginName

EXIT_FINDINGS = 1

TEST_DATABASE = "TENURE_TEST_DATABASE_URL"


def check(
    name: PluginName,
    update_schema: Annotated[
        bool,
        typer.Option(
            "--update-schema", help="Store the schema of this release for later checks, and check nothing."
        ),
    ] = False,
) -> None:
    """Run the conformance checks on a plugin.

    The checks run in temporary databases. They cover: loading, alone and together with the installed plugins;
    migrations up and down without data loss; a constant number of statements per query; tenant isolation;
    permissions; names and descriptions; compatibility with the schema of the last release; idempotent change
    listeners; uninstallation without leftovers.

    TENURE_TEST_DATABASE_URL is the PostgreSQL server for the databases. Without it, an embedded server is
    started.

    \b
    Exit codes:
      0  no findings
      1  findings: each states what is wrong, where, and how to fix it
      3  the plugin is not installed, or PostgreSQL is not available

    \b
    Examples:
      tenure plugin check fleet
      tenure plugin check fleet --update-schema
    """
    plugin = _load_module(name)
    if update_schema:
        _update_schema(plugin)
    else:
        _run_checks(plugin)


def _run_checks(plugin: object) -> None:
    from tenure_sdk.conformance import check_plugin

    with _test_server() as url:
        report = asyncio.run(check_plugin(plugin, url))
    typer.echo(str(report))
    if not report.passed:
        raise typer.Exit(EXIT_FINDINGS)


def _update_schema(plugin: object) -> None:
    from tenure_sdk.cli.output import display_path
    from tenure_sdk.conformance.checks.breaking_changes import update_released_schema
    from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set

    plugin_set = load_plugin_set(plugin, None)
    file = update_released_schema(plugin_set.loaded_plugin, plugin_set.additions)
    if file is not None:
        typer.echo(f"Updated {display_path(file)}")


def _load_module(name: str) -> object:
    from tenure_core.errors import PluginError
    from tenure_core.plugins.loading.discovery import find_installed
    from tenure_core.settings import load_settings

    entry_points = {point.name: point for point in find_installed(load_settings())}
    if name not in entry_points:
        names = ", ".join(entry_points) or "none"
        raise PluginError(f"The plugin {name} is not installed.", f"Installed plugins: {names}.")
    return entry_points[name].load()


@contextmanager
def _test_server() -> Iterator[str]:
    """Yield a PostgreSQL server for temporary databases. DATABASE_URL is never used."""
    from tenure_core.postgres.embedded import EmbeddedPostgres
    from tenure_core.settings import load_settings

    if url := os.environ.get(TEST_DATABASE):
        yield url
        return
    with EmbeddedPostgres(load_settings().home / "test", durable=False) as server:
        yield server.url
