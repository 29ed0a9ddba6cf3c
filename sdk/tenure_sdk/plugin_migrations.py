"""`tenure plugin makemigration`."""

from __future__ import annotations

from pathlib import Path

import typer

from tenure_core.plugins import load_host
from tenure_core.revisions import write_revision
from tenure_core.settings import load_settings
from tenure_sdk.postgres import running_postgres


def make_migration(name: str, message: str) -> None:
    """Write a plugin's next migration, and say where it lies.

    Args:
        name: The plugin.
        message: What the migration does; "" where its tables say it.

    Raises:
        TenureError: A setting or a plugin is wrong, or PostgreSQL can't be reached or refuses.
    """
    settings = load_settings()
    host = load_host(settings)
    with running_postgres(settings) as url:
        written = write_revision(url, host, name, message)
    if written is None:
        typer.echo(f"The migrations of {name} make all that its entities need.")
    else:
        typer.echo(f"Written: {_near(written)}")


def _near(file: Path) -> Path:
    """Return how a person in this folder calls a file."""
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file
