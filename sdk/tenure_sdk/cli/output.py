"""Output that several commands share."""

from __future__ import annotations

from pathlib import Path


def display_path(file: Path) -> Path:
    """Return a path relative to the working directory if it is below it."""
    folder = Path.cwd()
    return file.relative_to(folder) if file.is_relative_to(folder) else file
