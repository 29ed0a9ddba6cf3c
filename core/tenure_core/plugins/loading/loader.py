"""Imports plugins, checks their hooks and collects their registrations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import TypeVar

import structlog

from tenure_core.errors import PluginError, TenureError
from tenure_core.plugins.hook_caller import HookCaller
from tenure_core.plugins.loading.discovery import find_installed
from tenure_core.plugins.loading.hook_validation import check_hooks
from tenure_core.plugins.manifest import Manifest
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.settings import Settings

log = structlog.get_logger()

Result = TypeVar("Result")

Source = tuple[str, Callable[[], object]]
"""The name of a plugin, and a function that returns its module or object."""


@dataclass(frozen=True, slots=True)
class FailedPlugin:
    """A plugin that was skipped because it failed at startup.

    Args:
        name: The name of the plugin.
        reason: The error message.
    """

    name: str
    reason: str


def list_sources(settings: Settings, plugins: Iterable[object] | None) -> Iterator[Source]:
    """Yield the plugins to load: the given ones, or the installed plugins that the settings allow.

    Raises:
        PluginError: Two plugins have the same name, or a given one has no manifest.
        SettingError: The settings name a plugin that is not installed.
    """
    if plugins is None:
        for point in find_installed(settings):
            yield point.name, point.load
        return
    by_name: dict[str, object] = {}
    for plugin in plugins:
        name = read_manifest(plugin).name
        if name in by_name:
            raise PluginError(
                f"Two plugins have the name {name}: {by_name[name]!r} and {plugin!r}.",
                "Rename one of them.",
            )
        by_name[name] = plugin
        yield name, partial(_return_argument, plugin)


class PluginLoader:
    """Loads plugins one by one.

    Args:
        skip: Whether a plugin that fails is skipped, together with all plugins that require it. Otherwise the
            first failure stops the startup.
    """

    def __init__(self, skip: bool) -> None:
        self._skip = skip
        self.failed: list[FailedPlugin] = []

    def import_plugins(self, sources: Iterable[Source]) -> dict[str, LoadedPlugin]:
        """Import plugins and check their manifests and hooks. Returns the plugins by name."""
        return {
            name: plugin
            for name, source in sources
            if (plugin := self.attempt(name, partial(_import_plugin, name, source)))
        }

    def collect(self, order: Iterable[Manifest], plugins: Mapping[str, LoadedPlugin]) -> list[LoadedPlugin]:
        """Collect the registrations of plugins in the given order. Returns the plugins that succeeded."""
        attempts = [
            self.attempt(manifest.name, partial(self._collect, plugins[manifest.name])) for manifest in order
        ]
        return [plugin for plugin in attempts if plugin is not None]

    def attempt(self, name: str, work: Callable[[], Result]) -> Result | None:
        """Call a function on behalf of a plugin.

        Returns:
            The result of the function; None if it failed and the plugin is skipped.

        Raises:
            PluginError: The function failed and plugins are not skipped.
        """
        try:
            return work()
        except Exception as error:
            self.failed.append(fail_or_skip(name, error, skip=self._skip))
            return None

    def _collect(self, plugin: LoadedPlugin) -> LoadedPlugin:
        check_requirements(plugin.manifest, self.failed)
        tuple(plugin.collect_startup_registrations())
        return plugin


def check_requirements(manifest: Manifest, failed: Sequence[FailedPlugin]) -> None:
    """Check that a plugin requires none of the failed plugins.

    Raises:
        PluginError: It requires one of them.
    """
    for plugin in failed:
        if plugin.name in manifest.requires:
            raise PluginError(f"It requires {plugin.name}, which was skipped.")


def fail_or_skip(name: str, error: Exception, *, skip: bool) -> FailedPlugin:
    """Log that a plugin is skipped because of an error, or stop the startup.

    Args:
        name: The name of the plugin.
        error: The error.
        skip: Whether the plugin is skipped.

    Raises:
        PluginError: `skip` is False.
    """
    reason = str(error) if isinstance(error, TenureError) else f"{type(error).__name__}: {error}"
    if not skip:
        raise PluginError(
            f"The plugin {name} failed at startup: {reason}",
            "Correct the plugin, or exclude it with TENURE_PLUGINS_DENY.",
        ) from error
    log.warning("plugin skipped", plugin=name, reason=reason, exc_info=error)
    return FailedPlugin(name, reason)


def read_manifest(module: object) -> Manifest:
    """Return the manifest of a plugin.

    Raises:
        PluginError: The module or object has no manifest.
    """
    manifest = getattr(module, "MANIFEST", None)
    if not isinstance(manifest, Manifest):
        raise PluginError(
            f"{module!r} has no MANIFEST.", "Define MANIFEST = Manifest(...) next to its hooks."
        )
    return manifest


def _return_argument(plugin: object) -> object:
    return plugin


def _import_plugin(name: str, source: Callable[[], object]) -> LoadedPlugin:
    module = source()
    manifest = read_manifest(module)
    if manifest.name != name:
        raise PluginError(
            f"Its entry point has the name {name}, but its manifest the name {manifest.name}.",
            "Use the same name.",
        )
    tenure = version("tenure-core")
    if not manifest.works_with(tenure):
        raise PluginError(
            f"It supports Tenure {manifest.tenure}, but this is Tenure {tenure}.",
            "Install a version of the plugin that supports this version of Tenure.",
        )
    check_hooks(module)
    return LoadedPlugin(manifest, HookCaller(module))
