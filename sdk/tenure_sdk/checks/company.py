"""The company of a plugin: those that it requires, and the others that are installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tenure_core.manifest import Manifest
from tenure_core.plugins import Host, LoadedPlugin, load_host
from tenure_core.plugins.discovery import installed
from tenure_core.settings import load_settings
from tenure_sdk.checks.additions import Additions, additions

SETTINGS = load_settings(plugin_failures="stop")
"""What plugins are loaded with: a fault of one is no reason to leave it out."""


@dataclass(frozen=True)
class Company:
    """A plugin and those around it, as modules or objects that hold manifests and hooks.

    Args:
        plugin: The plugin.
        required: Those that it can't do without.
        others: All others.
    """

    plugin: object
    required: tuple[object, ...]
    others: tuple[object, ...]

    @property
    def name(self) -> str:
        """The plugin's name."""
        return _manifest(self.plugin).name

    @property
    def names(self) -> list[str]:
        """The names of the others."""
        return [_manifest(one).name for one in (*self.required, *self.others)]

    @cached_property
    def base(self) -> Host:
        """Those that the plugin requires, without it."""
        return load_host(SETTINGS, self.required)

    @cached_property
    def alone(self) -> Host:
        """The plugin with those that it requires."""
        return load_host(SETTINGS, [*self.required, self.plugin])

    @cached_property
    def all(self) -> Host:
        """The plugin with all others."""
        return load_host(SETTINGS, [*self.required, *self.others, self.plugin])

    @cached_property
    def additions(self) -> Additions:
        """What the plugin adds to the schema.

        Raises:
            PluginError: Two parts of the schema contradict each other.
        """
        return additions(self.base, self.alone)

    @property
    def loaded(self) -> LoadedPlugin:
        """The plugin as it was loaded alone."""
        return self.alone[self.name]


def company_of(plugin: object, others: Iterable[object] | None) -> Company:
    """Return a plugin with those around it.

    Args:
        plugin: The plugin.
        others: Those around it; None for all that are installed and that the settings let in.
    """
    name = _manifest(plugin).name
    there = _installed() if others is None else others
    known = {_manifest(one).name: one for one in there if _manifest(one).name != name}
    required = {one: known[one] for one in _required(_manifest(plugin), known)}
    rest = tuple(one for name, one in known.items() if name not in required)
    return Company(plugin, tuple(required.values()), rest)


def _installed() -> list[object]:
    return [point.load() for point in installed(load_settings())]


def _required(manifest: Manifest, known: Mapping[str, object]) -> Iterator[str]:
    for name in manifest.requires:
        if name in known:
            yield from _required(_manifest(known[name]), known)
            yield name


def _manifest(plugin: object) -> Manifest:
    manifest: Manifest = plugin.MANIFEST  # type: ignore[attr-defined]  # where it is missing, loading says so
    return manifest
