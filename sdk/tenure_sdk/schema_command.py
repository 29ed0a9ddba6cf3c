"""`tenure schema print`."""

from __future__ import annotations

import typer

from tenure_core.assembly import build_catalog
from tenure_schema.schema import schema_text


def print_schema() -> None:
    """Print the schema of the core's entities."""
    typer.echo(schema_text(build_catalog()), nl=False)
