"""`tenure ide install`: installs GraphiQL."""

from __future__ import annotations

import typer


def install_ide() -> None:
    """Install the files of GraphiQL, the API explorer at /graphql.

    Downloads four files with npm, verifies their hashes and stores them in TENURE_HOME. On a machine without
    npm or network access, run the command elsewhere and copy the folder.

    \b
    Example:
      tenure ide install
    """
    from tenure_core.settings import load_settings
    from tenure_schema.http.ide_files import install

    typer.echo(f"GraphiQL is installed in {install(load_settings().home)}.")
