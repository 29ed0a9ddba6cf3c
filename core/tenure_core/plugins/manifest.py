"""Manifests: who a plugin is, and what it stands on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from tenure_core.errors import DeclarationError

NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Who a plugin is, and what it stands on; what it brings is told by its hooks.

    Args:
        name: Its name, as settings, commands and other plugins call it: lower case, digits and "_".
        version: Its own version (PEP 440).
        tenure: The versions of Tenure that it works with, such as ">=0.1,<0.2" (PEP 440).
        doc: What it is for, as one sentence.
        requires: The plugins that it can't do without; they come before it.
        after: The plugins that it comes after where they are there, too.

    Raises:
        DeclarationError: A name or a version is none.
    """

    name: str
    version: str
    tenure: str
    doc: str
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise DeclarationError(
                f"{self.name!r} is no name for a plugin.",
                "Use 2 to 40 lower case letters, digits and underscores, and a letter first.",
            )
        try:
            Version(self.version), SpecifierSet(self.tenure)
        except (InvalidVersion, InvalidSpecifier) as error:
            raise DeclarationError(
                f"The plugin {self.name} has a wrong version: {error}.",
                'Write versions like "1.2.0" and ranges like ">=0.1,<0.2" (PEP 440).',
            ) from None

    def works_with(self, tenure: str) -> bool:
        """Return whether it works with a version of Tenure; pre-releases of one that fits do, too."""
        return SpecifierSet(self.tenure).contains(tenure, prereleases=True)
