"""Writes the files of a new plugin from the templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from string import Template

from tenure_core.entities.naming import snake_case
from tenure_core.errors import PluginError
from tenure_core.plugins.manifest import check_name

TEMPLATES = files("tenure_sdk.scaffold") / "templates"

SUFFIX = ".txt"
"""Suffix of template files, so that tools don't treat them as code."""

FILE_NAMES = {"package": "$package", "gitignore": ".gitignore"}
"""Names of files and folders that differ from the names of their templates."""


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Write the files of a new plugin.

    Args:
        name: The name of the plugin.
        folder: The folder of the plugin; it is created and must be empty.

    Returns:
        The files.

    Raises:
        DeclarationError: The name is invalid.
        PluginError: The name is in use, or the folder is not empty.
    """
    _check_name(name)
    if folder.exists() and any(folder.iterdir()):
        raise PluginError(f"{folder} is not empty.", "Choose another folder with --path.")
    values = _template_values(name)
    return [_render(template, folder / path, values) for template, path in _list_templates(TEMPLATES, values)]


def _check_name(name: str) -> None:
    check_name(name)
    if find_spec(f"tenure_{name}"):
        raise PluginError(f"The package tenure_{name} is already installed.", "Choose another name.")


def _template_values(name: str) -> Mapping[str, str]:
    """Return the values of the placeholders in templates."""
    pascal = "".join(part.capitalize() for part in name.split("_"))
    release = re.match(r"\d+\.\d+", version("tenure-sdk"))
    major, minor = (int(part) for part in release[0].split(".")) if release else (0, 0)
    return {
        "name": name,
        "Name": pascal,
        "field": pascal[0].lower() + pascal[1:],
        "table": snake_case(f"{pascal}Visit"),
        "package": f"tenure_{name}",
        "distribution": f"tenure-{name.replace('_', '-')}",
        "release": f"{major}.{minor}",
        "next_release": f"{major}.{minor + 1}",
    }


def _list_templates(folder: Traversable, values: Mapping[str, str]) -> Iterator[tuple[Traversable, Path]]:
    """Yield the templates below a folder with the relative paths of the files to write."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = entry.name.removesuffix(SUFFIX)
        path = Path(Template(FILE_NAMES.get(name, name)).substitute(values))
        if entry.is_dir():
            yield from ((template, path / rest) for template, rest in _list_templates(entry, values))
        else:
            yield entry, path


def _render(template: Traversable, path: Path, values: Mapping[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Template(template.read_text()).substitute(values))
    return path
