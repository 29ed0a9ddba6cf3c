"""Paths as people call them who stand nearby."""

from __future__ import annotations

from pathlib import Path


def display_path(file: Path) -> Path:
    """Return how a person in this folder calls a file: from here on, where it lies below."""
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file
