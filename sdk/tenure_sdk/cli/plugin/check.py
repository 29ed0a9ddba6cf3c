"""`tenure plugin check`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from tenure_core.errors import PluginError
from tenure_core.plugins.loading.discovery import find_installed
from tenure_core.postgres.embedded import EmbeddedPostgres
from tenure_core.settings import load_settings
from tenure_sdk.cli.output import display_path
from tenure_sdk.conformance import check_plugin
from tenure_sdk.conformance.checks.breaking_changes import update
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set

FOUND_SOMETHING = 1
"""The exit code where something is wrong with the plugin."""

TEST_DATABASE = "TENURE_TEST_DATABASE_URL"


def check(name: str) -> None:
    """Check a plugin, and say what is wrong with it.

    Args:
        name: The plugin.

    Raises:
        TenureError: The plugin is not installed, or PostgreSQL can't be had.
        typer.Exit: Something is wrong with the plugin.
    """
    plugin = _installed(name)
    with _test_server() as url:
        report = asyncio.run(check_plugin(plugin, url))
    typer.echo(str(report))
    if not report.sound:
        raise typer.Exit(FOUND_SOMETHING)


def update_schema(name: str) -> None:
    """Keep what a plugin adds to the schema as that of its last release, and say where.

    Args:
        name: The plugin.

    Raises:
        TenureError: The plugin is not installed, or does not start.
    """
    company = load_plugin_set(_installed(name), None)
    written = update(company.loaded, company.additions)
    if written is not None:
        typer.echo(f"Written: {display_path(written)}")


def _installed(name: str) -> object:
    """Return the module of an installed plugin.

    Raises:
        PluginError: There is none of the name.
    """
    points = {point.name: point for point in find_installed(load_settings())}
    if name not in points:
        present = ", ".join(points) or "none"
        raise PluginError(f"The plugin {name} is not installed.", f"Install it; installed are: {present}.")
    return points[name].load()


@contextmanager
def _test_server() -> Iterator[str]:
    """Yield a PostgreSQL to make databases in: not that of DATABASE_URL, which may be somebody's."""
    if given := os.environ.get(TEST_DATABASE):
        yield given
        return
    with EmbeddedPostgres(load_settings().home / "test") as server:
        yield server.url
