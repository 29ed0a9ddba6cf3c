"""Plugins in files, like those of installed distributions, with a folder for revisions."""

from __future__ import annotations

import importlib.util
import uuid
from pathlib import Path
from textwrap import dedent
from types import ModuleType

HEAD = """
    from datetime import date
    from typing import Any

    from sqlalchemy import MetaData
    from sqlalchemy.orm import Mapped

    from tenure_core.entities.declaration import Entity, Money, belongs_to, column
    from tenure_core.plugins.hookspecs import hookimpl
    from tenure_core.plugins.manifest import Manifest
    from tenure_core.entities.model import Account

    MANIFEST = Manifest(name="{name}", version="1.0.0", tenure=">=0.1", doc="A plugin.")
    METADATA = MetaData()
"""


def write_plugin(folder: Path, body: str, name: str = "fleet") -> ModuleType:
    """Write the module of a plugin and import it, without a cache.

    Args:
        folder: The folder of the plugin's package.
        body: The code after the imports and the manifest.
        name: The name of the plugin.
    """
    file = folder / name / "plugin.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(dedent(HEAD).format(name=name) + "\n\n" + dedent(body))
    spec = importlib.util.spec_from_file_location(f"{name}_{uuid.uuid4().hex}", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
