"""The host: the loaded plugins of a process, and the catalog of their registrations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from tenure_core.access.identity import Actor
from tenure_core.catalog.builder import CORE_ENUM_VALUES, build_catalog
from tenure_core.catalog.catalog import Catalog, RoleInfo
from tenure_core.catalog.field_paths import group_paths
from tenure_core.entities.model import ACTIVITY_KINDS, CORE_ENTITIES
from tenure_core.errors import PluginError
from tenure_core.plugins.built_in import load_built_in_plugins
from tenure_core.plugins.loading.dependencies import DependencyCheck
from tenure_core.plugins.loading.load_order import sort_manifests
from tenure_core.plugins.loading.loader import FailedPlugin, PluginLoader, check_requirements, list_sources
from tenure_core.plugins.loading.name_conflicts import check_name_conflicts
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registrations import (
    ActivityKind,
    ComputedField,
    EntityClass,
    Permission,
    RoleDefinition,
)
from tenure_core.plugins.validators import list_validators
from tenure_core.postgres.database import TenantConnection
from tenure_core.settings import Settings
from tenure_core.write.context import WriteContext
from tenure_core.write.write_set import Validator


@dataclass(frozen=True, eq=False)
class Host:
    """The plugins of one process.

    Args:
        plugins: The loaded plugins, in load order, without the built-in ones.
        failed: The plugins that were skipped because they failed.
        catalog: The entities, fields and roles of the core and the plugins.
        built_in: The built-in plugins.
    """

    plugins: tuple[LoadedPlugin, ...]
    failed: tuple[FailedPlugin, ...]
    catalog: Catalog
    built_in: tuple[LoadedPlugin, ...]

    @property
    def all_plugins(self) -> tuple[LoadedPlugin, ...]:
        """The built-in plugins, followed by the loaded plugins."""
        return (*self.built_in, *self.plugins)

    def __getitem__(self, name: str) -> LoadedPlugin:
        """Return a plugin by name.

        Raises:
            PluginError: The plugin is not loaded.
        """
        for plugin in self.plugins:
            if plugin.name == name:
                return plugin
        for failed in self.failed:
            if failed.name == name:
                raise PluginError(f"The plugin {name} was skipped at startup.", failed.reason)
        names = ", ".join(plugin.name for plugin in self.plugins) or "none"
        raise PluginError(f"The plugin {name} is not loaded.", f"Loaded plugins: {names}.")

    def find(self, name: str) -> LoadedPlugin:
        """Return a plugin or a built-in plugin by name.

        Raises:
            PluginError: The plugin is not loaded.
        """
        return next((plugin for plugin in self.built_in if plugin.name == name), None) or self[name]

    @cached_property
    def validators(self) -> tuple[Validator, ...]:
        """The validators of the plugins, in the order of the plugins."""
        return tuple(list_validators(self.plugins))

    def write_context(self, connection: TenantConnection, actor: Actor) -> WriteContext:
        """Return the context for writes of an actor in a transaction."""
        return WriteContext(connection, self.catalog, actor, self.validators)

    def without(self, failed: Sequence[FailedPlugin]) -> Host:
        """Return a host without the given plugins."""
        if not failed:
            return self
        names = {plugin.name for plugin in failed}
        plugins = tuple(plugin for plugin in self.plugins if plugin.name not in names)
        return Host(plugins, (*self.failed, *failed), _build_catalog(plugins), self.built_in)

    def implementing(self, hook: str) -> list[LoadedPlugin]:
        """Return the plugins that implement a hook, built-in plugins included."""
        return [plugin for plugin in self.all_plugins if plugin.hooks.implements(hook)]


def load_host(settings: Settings, plugins: Iterable[object] | None = None) -> Host:
    """Load plugins and collect their registrations.

    Args:
        settings: Which installed plugins are loaded, and whether a plugin that fails is skipped.
        plugins: The modules or objects that contain manifests and hooks; by default the installed plugins.

    Raises:
        PluginError: A plugin fails and is not skipped; a required plugin is missing; the requirements of
            plugins form a cycle; or two plugins use the same name.
        SettingError: The settings name a plugin that is not installed.
    """
    loader = PluginLoader(settings.plugin_failures == "skip")
    imported = loader.import_plugins(list_sources(settings, plugins))
    manifests = (plugin.manifest for plugin in imported.values())
    order = sort_manifests(manifests, {failed.name for failed in loader.failed})
    loaded = loader.collect(order, imported)
    host = core_host()
    check_name_conflicts((*host.built_in, *loaded))
    return _add_plugins(host, loader, loaded)


def _add_plugins(host: Host, loader: PluginLoader, loaded: Sequence[LoadedPlugin]) -> Host:
    """Add plugins one by one, so that an error is attributed to the plugin that causes it."""
    dependencies = DependencyCheck(loaded)

    def add(plugin: LoadedPlugin) -> Host:
        check_requirements(plugin.manifest, loader.failed)
        dependencies.check(plugin)
        plugins = (*host.plugins, plugin)
        catalog = _build_catalog(plugins)
        for entity in catalog.entities.values():
            group_paths(entity, catalog)
        return replace(host, plugins=plugins, catalog=catalog)

    for plugin in loaded:
        host = loader.attempt(plugin.name, partial(add, plugin)) or host
    return replace(host, failed=tuple(loader.failed))


def core_host() -> Host:
    """Return a host with the built-in plugins only."""
    return Host((), (), build_catalog(), load_built_in_plugins())


def _build_catalog(plugins: Sequence[LoadedPlugin]) -> Catalog:
    entities = {r.entity: plugin.name for plugin in plugins for r in plugin.registrations(EntityClass)}
    kinds = {r.name: plugin.name for plugin in plugins for r in plugin.registrations(ActivityKind)}
    return build_catalog(
        (*CORE_ENTITIES, *entities),
        {**CORE_ENUM_VALUES, "ActivityKind": (*ACTIVITY_KINDS, *kinds)},
        plugins={entity.__name__: plugin for entity, plugin in entities.items()},
        computed=[(plugin.name, r.field) for plugin in plugins for r in plugin.registrations(ComputedField)],
        roles=[_to_role(plugin.name, r) for plugin in plugins for r in plugin.registrations(RoleDefinition)],
        permissions={r.name: plugin.name for plugin in plugins for r in plugin.registrations(Permission)},
        plugin_enum_values={"ActivityKind": kinds},
    )


def _to_role(plugin: str, role: RoleDefinition) -> RoleInfo:
    return RoleInfo(
        role.name,
        plugin,
        frozenset(entity.__name__ for entity in role.reads),
        frozenset(entity.__name__ for entity in role.writes),
        frozenset(role.permissions),
    )
