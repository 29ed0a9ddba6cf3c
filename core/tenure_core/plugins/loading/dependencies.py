"""Foundations: what a plugin builds on must be its own, the core's, or of a plugin that it requires."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tenure_core.entities.declaration import Entity
from tenure_core.entities.fields import ReferenceDeclaration
from tenure_core.errors import PluginError
from tenure_core.plugins.plugin import LoadedPlugin

Use = tuple[str, type[Entity]]
"""What builds on an entity, for people, and the entity."""


class DependencyCheck:
    """Knows which plugin each entity and permission belongs to.

    Args:
        plugins: All that are loaded.
    """

    def __init__(self, plugins: Iterable[LoadedPlugin]) -> None:
        self._plugins = {plugin.name: plugin for plugin in plugins}
        self._owners = {entity: p.name for p in self._plugins.values() for entity in p.entities}
        self._permissions = {one.name: p.name for p in self._plugins.values() for one in p.permissions}

    def check(self, plugin: LoadedPlugin) -> None:
        """Return where a plugin builds on nothing of a plugin that it does not require.

        Raises:
            PluginError: It does, or a role has a permission that nobody brings.
        """
        within = _required(plugin.name, self._plugins)
        for what, entity in _uses(plugin):
            self._refuse(plugin.name, what, entity.__name__, self._owners.get(entity), within)
        for role in plugin.roles:
            for permission in role.permissions:
                owner = self._permissions.get(permission)
                if owner is None:
                    raise PluginError(
                        f"Its role {role.name} has the permission {permission}, which nobody brings.",
                        "Return Permission(...) for it from register_roles, or correct the name.",
                    )
                self._refuse(plugin.name, f"role {role.name}", permission, owner, within)

    def _refuse(self, plugin: str, what: str, on: str, owner: str | None, within: set[str]) -> None:
        if owner is not None and owner not in within:
            raise PluginError(
                f"Its {what} builds on {on} of the plugin {owner}, which {plugin} does not require.",
                f'Add "{owner}" to `requires` in the manifest of {plugin}.',
            )


def _uses(plugin: LoadedPlugin) -> Iterator[Use]:
    for entity in plugin.entities:
        for one in entity.__fields__:
            if isinstance(one, ReferenceDeclaration):
                yield f"reference {entity.__name__}.{one.name}", one.target
    for computed in plugin.computed:
        yield f"computed field {computed.entity.__name__}.{computed.name}", computed.entity
    for role in plugin.roles:
        for granted in (*role.reads, *role.writes):
            yield f"role {role.name}", granted


def _required(name: str, plugins: Mapping[str, LoadedPlugin]) -> set[str]:
    """Return the names of a plugin and of all that it requires, near and far."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in plugins and one not in found:
            found.add(one)
            waiting += plugins[one].manifest.requires
    return found
