"""Plugins for tests: a manifest and hooks in an object instead of a module."""

from __future__ import annotations

from types import SimpleNamespace

from tenure_core.plugins.manifest import Manifest


def plugin(name: str = "fleet", **hooks: object) -> SimpleNamespace:
    """Return a plugin with hooks; `requires`, `after`, `version` and `tenure` go to its manifest."""
    order = {key: hooks.pop(key) for key in ("requires", "after") if key in hooks}
    tenure, version = str(hooks.pop("tenure", ">=0.1")), str(hooks.pop("version", "1.0.0"))
    manifest = Manifest(name=name, version=version, tenure=tenure, doc="A plugin.", **order)
    return SimpleNamespace(MANIFEST=manifest, **hooks)
