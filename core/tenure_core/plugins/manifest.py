"""The manifest of a plugin: its name, versions and requirements."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from tenure_core.errors import DeclarationError

NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The name, versions and requirements of a plugin.

    Args:
        name: The name in settings, commands and other manifests: lower-case letters, digits and "_".
        version: The version of the plugin (PEP 440).
        tenure: The supported versions of Tenure (PEP 440), such as ">=0.1,<0.2".
        doc: What the plugin is for, as one sentence.
        requires: The plugins that must be loaded; they are loaded before this one.
        after: Plugins that are loaded before this one if they are present.

    Raises:
        DeclarationError: The name or a version is invalid.
    """

    name: str
    version: str
    tenure: str
    doc: str
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.name)
        try:
            Version(self.version), SpecifierSet(self.tenure)
        except (InvalidVersion, InvalidSpecifier) as error:
            raise DeclarationError(
                f"The manifest of the plugin {self.name} has an invalid version: {error}.",
                'Write versions such as "1.2.0" and ranges such as ">=0.1,<0.2" (PEP 440).',
            ) from None

    def works_with(self, tenure: str) -> bool:
        """Return whether the plugin supports a version of Tenure; pre-releases are supported, too."""
        return SpecifierSet(self.tenure).contains(tenure, prereleases=True)


def check_name(name: str) -> None:
    """Check the form of a plugin's name.

    Raises:
        DeclarationError: The name is invalid.
    """
    if not NAME.fullmatch(name):
        raise DeclarationError(
            f"{name!r} is not a valid plugin name.",
            "Use 2 to 40 lower-case letters, digits and underscores, starting with a letter.",
        )
