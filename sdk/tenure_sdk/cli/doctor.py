"""`tenure doctor`: checks the installation."""

from __future__ import annotations

import typer

EXIT_PROBLEMS = 1


def doctor() -> None:
    """Check the settings, the plugins and the database.

    \b
    Exit codes:
      0  Tenure can run; there may be warnings
      1  there are errors

    \b
    Example:
      tenure doctor && tenure serve
    """
    from tenure_sdk.cli.diagnosis import Level, diagnose

    has_errors = False
    for result in diagnose():
        has_errors = has_errors or result.level is Level.ERROR
        typer.echo(f"{result.level:<8} {result.subject:<12} {result.message}")
    if has_errors:
        raise typer.Exit(EXIT_PROBLEMS)
