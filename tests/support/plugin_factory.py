"""Small plugins for tests: a manifest and some hooks, without a module of their own."""

from __future__ import annotations

from types import SimpleNamespace

from tenure_core.plugins.manifest import Manifest


def plugin(name: str = "fleet", **parts: object) -> SimpleNamespace:
    """Return a plugin of some hooks; `requires`, `after`, `version` and `tenure` go to its manifest."""
    about = {key: parts.pop(key) for key in ("requires", "after") if key in parts}
    tenure, version = str(parts.pop("tenure", ">=0.1")), str(parts.pop("version", "1.0.0"))
    manifest = Manifest(name=name, version=version, tenure=tenure, doc="A plugin.", **about)
    return SimpleNamespace(MANIFEST=manifest, **parts)
