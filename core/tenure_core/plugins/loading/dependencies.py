"""Checks that a plugin uses only names of its own, of the core and of the plugins that it requires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tenure_core.entities.model import CORE_ENTITIES
from tenure_core.errors import PluginError
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registration import Dependency

CORE_NAMES = frozenset(("entity", entity.__name__) for entity in CORE_ENTITIES)


class DependencyCheck:
    """Checks the dependencies of plugins.

    Args:
        plugins: All loaded plugins.
    """

    def __init__(self, plugins: Sequence[LoadedPlugin]) -> None:
        self._plugins = {plugin.name: plugin for plugin in plugins}
        self._owners = {
            (reserved.kind, reserved.name): plugin.name
            for plugin in plugins
            for registration in plugin.collect_startup_registrations()
            for reserved in registration.reserved_names(plugin.name)
        }

    def check(self, plugin: LoadedPlugin) -> None:
        """Check the dependencies of a plugin.

        Raises:
            PluginError: The plugin uses a name of a plugin that it does not require, or a name that does
                not exist.
        """
        allowed = _list_required(plugin.name, self._plugins)
        for registration in plugin.collect_startup_registrations():
            for dependency in registration.dependencies():
                if (dependency.kind, dependency.name) not in CORE_NAMES:
                    self._check_dependency(plugin.name, dependency, allowed)

    def _check_dependency(self, plugin: str, dependency: Dependency, allowed: set[str]) -> None:
        owner = self._owners.get((dependency.kind, dependency.name))
        use = f"Its {dependency.user} uses the {dependency.kind} {dependency.name}"
        if owner is None:
            raise PluginError(f"{use}, which no plugin registers.", "Register it, or correct the name.")
        if owner not in allowed:
            raise PluginError(
                f"{use} of the plugin {owner}, which {plugin} does not require.",
                f'Add "{owner}" to `requires` in the manifest of {plugin}.',
            )


def _list_required(name: str, plugins: Mapping[str, LoadedPlugin]) -> set[str]:
    """Return the names of a plugin and of all plugins that it requires, directly or indirectly."""
    required: set[str] = set()
    queue = [name]
    while queue:
        current = queue.pop()
        if current in plugins and current not in required:
            required.add(current)
            queue += plugins[current].manifest.requires
    return required
