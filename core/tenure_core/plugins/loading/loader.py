"""Loading: plugins are imported, held to their word and asked what they bring, each apart from the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import TypeVar

import structlog

from tenure_core.errors import PluginError, TenureError
from tenure_core.plugins.loading.collect import collect_registrations
from tenure_core.plugins.loading.discovery import find_installed
from tenure_core.plugins.loading.hook_validation import check_hooks
from tenure_core.plugins.manifest import Manifest
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.settings import Settings

log = structlog.get_logger()

Result = TypeVar("Result")

Source = tuple[str, Callable[[], object]]
"""The name of a plugin, and what brings its module or object."""


@dataclass(frozen=True, slots=True)
class FailedPlugin:
    """A plugin that was left out because it failed.

    Args:
        name: Its name.
        reason: Why.
    """

    name: str
    reason: str


def sources(settings: Settings, plugins: Iterable[object] | None) -> Iterator[Source]:
    """Yield the plugins to load: those that are given, or else those that are installed and let in.

    Raises:
        PluginError: Two of them have one name, or a given one has no manifest.
        SettingError: The settings ask for one that is not installed.
    """
    if plugins is None:
        for point in find_installed(settings):
            yield point.name, point.load
        return
    given: dict[str, object] = {}
    for plugin in plugins:
        name = _manifest(plugin).name
        if name in given:
            raise PluginError(
                f"Two plugins are called {name}: {given[name]!r} and {plugin!r}.", "Rename one."
            )
        given[name] = plugin
        yield name, partial(_same, plugin)


@dataclass(frozen=True, slots=True)
class ImportedPlugin:
    """A plugin that was imported.

    Args:
        manifest: Who it is.
        hooks: The module or object that holds its hooks.
    """

    manifest: Manifest
    hooks: object


class PluginLoader:
    """Loads plugins one by one, and at the first that fails stops the start, or leaves it out.

    Args:
        skip: Whether a plugin that fails is left out, with all that require it.
    """

    def __init__(self, skip: bool) -> None:
        self._skip = skip
        self.failed: list[FailedPlugin] = []

    def find(self, wanted: Iterable[Source]) -> dict[str, ImportedPlugin]:
        """Import plugins, and read their manifests."""
        return {
            name: found
            for name, source in wanted
            if (found := self.attempt(name, partial(_read, name, source)))
        }

    def load(self, order: Iterable[Manifest], found: Mapping[str, ImportedPlugin]) -> list[LoadedPlugin]:
        """Ask plugins in their order for all that they bring."""
        asked = [
            self.attempt(manifest.name, partial(self._load, manifest, found[manifest.name].hooks))
            for manifest in order
        ]
        return [plugin for plugin in asked if plugin is not None]

    def attempt(self, name: str, work: Callable[[], Result]) -> Result | None:
        """Return what some work for a plugin comes to, or None where the plugin is left out because of it.

        Raises:
            PluginError: The work fails, and the plugin may not be left out.
        """
        try:
            return work()
        except Exception as error:
            self.failed.append(fail_or_skip(name, error, skip=self._skip))
            return None

    def check_requirements(self, manifest: Manifest) -> None:
        """Return where nothing was left out that a plugin requires.

        Raises:
            PluginError: Something was.
        """
        check_requirements(manifest, self.failed)

    def _load(self, manifest: Manifest, hooks: object) -> LoadedPlugin:
        self.check_requirements(manifest)
        return collect_registrations(manifest, hooks)


def check_requirements(manifest: Manifest, failed: Sequence[FailedPlugin]) -> None:
    """Return where a plugin requires none of those that failed.

    Raises:
        PluginError: It requires one.
    """
    for one in failed:
        if one.name in manifest.requires:
            raise PluginError(f"It requires {one.name}, which was left out.")


def fail_or_skip(name: str, error: Exception, *, skip: bool) -> FailedPlugin:
    """Stop the start because a plugin failed, unless it may be left out.

    Raises:
        PluginError: It may not.
    """
    reason = str(error) if isinstance(error, TenureError) else f"{type(error).__name__}: {error}"
    if not skip:
        raise PluginError(
            f"The plugin {name} failed at the start: {reason}",
            "Mend it, or leave it out with TENURE_PLUGINS_DENY.",
        ) from error
    log.warning("a plugin was left out", plugin=name, reason=reason, exc_info=error)
    return FailedPlugin(name, reason)


def _same(plugin: object) -> object:
    return plugin


def _manifest(hooks: object) -> Manifest:
    manifest = getattr(hooks, "MANIFEST", None)
    if not isinstance(manifest, Manifest):
        raise PluginError(f"{hooks!r} has no MANIFEST.", "Set MANIFEST = Manifest(...) beside its hooks.")
    return manifest


def _read(name: str, source: Callable[[], object]) -> ImportedPlugin:
    hooks = source()
    manifest = _manifest(hooks)
    if manifest.name != name:
        raise PluginError(
            f"Its entry point calls it {name}, and its manifest {manifest.name}.", "Use one name."
        )
    tenure = version("tenure-core")
    if not manifest.works_with(tenure):
        raise PluginError(
            f"It works with Tenure {manifest.tenure}, and this is {tenure}.",
            "Install a version of it that works with this Tenure.",
        )
    check_hooks(hooks)
    return ImportedPlugin(manifest, hooks)
