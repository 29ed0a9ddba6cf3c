"""Beside a plugin: the files that its author keeps for the kit, next to the module that holds its hooks."""

from __future__ import annotations

from pathlib import Path

from tenure_core.plugins import LoadedPlugin


def place_beside(plugin: LoadedPlugin, name: str) -> Path | None:
    """Return where a file of the name lies, or would lie; None where the plugin is no module in a file."""
    file = getattr(plugin.hooks, "__file__", None)
    return Path(file).parent / name if file else None


def text_beside(plugin: LoadedPlugin, name: str) -> str:
    """Return what a file says; "" where there is none."""
    place = place_beside(plugin, name)
    return place.read_text() if place and place.exists() else ""
