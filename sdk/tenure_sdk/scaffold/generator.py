"""Writing the scaffold: templates become the files of a plugin."""

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
from tenure_core.plugins.manifest import NAME
from tenure_sdk.cli.plugin_groups import own_commands

TEMPLATES = files("tenure_sdk.scaffold") / "templates"

SUFFIX = ".txt"
"""What the names of templates end with: they are no code until they are filled in."""

PLACES = {"package": "$package", "gitignore": ".gitignore"}
"""What files and folders are called that the templates can't be called."""


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Write a new plugin.

    Args:
        name: What it is called.
        folder: Where its files come to lie; it is made, and must not hold anything yet.

    Returns:
        The files.

    Raises:
        PluginError: The name is none, or taken by what is installed, or there is something in the folder.
    """
    if not NAME.fullmatch(name):
        raise PluginError(
            f"{name!r} is no name for a plugin.",
            "Use 2 to 40 lower case letters, digits and underscores, and a letter first.",
        )
    if name in own_commands():
        raise PluginError(f"`tenure {name}` is a command of Tenure's own.", "Choose another name.")
    if find_spec(f"tenure_{name}"):
        raise PluginError(
            f"tenure_{name} is installed already, as a part of Tenure or as another plugin.",
            "Choose another name.",
        )
    if folder.exists() and any(folder.iterdir()):
        raise PluginError(f"There is something in {folder} already.", "Name another folder with --path.")
    words = _words(name)
    return [_write(template, folder / place, words) for template, place in _templates(TEMPLATES, words)]


def _words(name: str) -> Mapping[str, str]:
    """Return what stands for the placeholders of templates."""
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


def _templates(folder: Traversable, words: Mapping[str, str]) -> Iterator[tuple[Traversable, Path]]:
    """Yield templates with the places of what becomes of them."""
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        plain = one.name.removesuffix(SUFFIX)
        place = Path(Template(PLACES.get(plain, plain)).substitute(words))
        if one.is_dir():
            yield from ((inner, place / rest) for inner, rest in _templates(one, words))
        else:
            yield one, place


def _write(template: Traversable, place: Path, words: Mapping[str, str]) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(Template(template.read_text()).substitute(words))
    return place
