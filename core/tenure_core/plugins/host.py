"""The host: plugins that were found, put in order and loaded, and the catalog of all that they bring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tenure_core.catalog.builder import CORE_ENUM_VALUES, build_catalog
from tenure_core.catalog.catalog import Catalog, RoleInfo
from tenure_core.catalog.field_paths import group_paths
from tenure_core.entities.model import ACTIVITY_KINDS, CORE_ENTITIES
from tenure_core.errors import PluginError
from tenure_core.plugins.loading.dependencies import DependencyCheck
from tenure_core.plugins.loading.load_order import sort_manifests
from tenure_core.plugins.loading.loader import FailedPlugin, PluginLoader, sources
from tenure_core.plugins.loading.name_conflicts import check_name_conflicts
from tenure_core.plugins.plugin import LoadedPlugin, implements
from tenure_core.plugins.registrations import RoleDefinition
from tenure_core.plugins.validators import list_validators
from tenure_core.settings import Settings


@dataclass(frozen=True, eq=False)
class Host:
    """The plugins of one process, in their order.

    Args:
        plugins: Those that were loaded.
        failed: Those that were left out because they failed.
        catalog: What the core and they bring.
    """

    plugins: tuple[LoadedPlugin, ...]
    failed: tuple[FailedPlugin, ...]
    catalog: Catalog

    def __getitem__(self, name: str) -> LoadedPlugin:
        """Return a plugin by its name.

        Raises:
            PluginError: It is not loaded.
        """
        for plugin in self.plugins:
            if plugin.name == name:
                return plugin
        for failed in self.failed:
            if failed.name == name:
                raise PluginError(f"The plugin {name} was left out at the start.", failed.reason)
        present = ", ".join(plugin.name for plugin in self.plugins) or "none"
        raise PluginError(f"The plugin {name} is not loaded.", f"Loaded are: {present}.")

    def without(self, failed: Sequence[FailedPlugin]) -> Host:
        """Return the host without plugins that failed."""
        names = {one.name for one in failed}
        plugins = tuple(plugin for plugin in self.plugins if plugin.name not in names)
        return Host(plugins, (*self.failed, *failed), _catalog(plugins)) if failed else self

    def implementing(self, hook: str) -> list[LoadedPlugin]:
        """Return the plugins that implement a hook, in their order."""
        return [plugin for plugin in self.plugins if implements(plugin.hooks, hook)]


def load_host(settings: Settings, plugins: Iterable[object] | None = None) -> Host:
    """Load plugins, and ask each for what it brings.

    Args:
        settings: Which installed plugins are let in, and what to do about one that fails.
        plugins: The modules or objects that hold manifests and hooks; by default those that are installed.

    Raises:
        PluginError: A plugin fails and the settings say to stop; or, whatever they say, one is missing that
            another requires, some require one another in a circle, or two bring something of one name.
        SettingError: The settings ask for one that is not installed.
    """
    loading = PluginLoader(settings.plugin_failures == "skip")
    found = loading.find(sources(settings, plugins))
    order = sort_manifests((one.manifest for one in found.values()), {one.name for one in loading.failed})
    loaded = loading.load(order, found)
    check_name_conflicts(loaded)
    return _add_one_by_one(loading, loaded)


def _add_one_by_one(loading: PluginLoader, loaded: Sequence[LoadedPlugin]) -> Host:
    """Return the host with one plugin after the other, each built upon those before it."""
    host, foundations = core_host(), DependencyCheck(loaded)

    def joined_by(plugin: LoadedPlugin) -> Host:
        loading.check_requirements(plugin.manifest)
        foundations.check(plugin)
        plugins = (*host.plugins, plugin)
        catalog = _catalog(plugins)
        for entity in catalog.entities.values():
            group_paths(entity, catalog)
        return Host(plugins, (), catalog)

    for plugin in loaded:
        host = loading.attempt(plugin.name, partial(joined_by, plugin)) or host
    return replace(host, failed=tuple(loading.failed))


def core_host() -> Host:
    """Return the host without any plugin."""
    return Host((), (), build_catalog())


def _catalog(plugins: Iterable[LoadedPlugin]) -> Catalog:
    listed = list(plugins)
    kinds = {kind: plugin.name for plugin in listed for kind in plugin.activity_kinds}
    return build_catalog(
        (*CORE_ENTITIES, *(entity for plugin in listed for entity in plugin.entities)),
        {**CORE_ENUM_VALUES, "ActivityKind": (*ACTIVITY_KINDS, *kinds)},
        plugins={entity.__name__: plugin.name for plugin in listed for entity in plugin.entities},
        computed=[(plugin.name, one) for plugin in listed for one in plugin.computed],
        roles=[_role(plugin.name, role) for plugin in listed for role in plugin.roles],
        permissions={one.name: plugin.name for plugin in listed for one in plugin.permissions},
        validators=list_validators(listed),
        added_choices={"ActivityKind": kinds},
    )


def _role(plugin: str, role: RoleDefinition) -> RoleInfo:
    return RoleInfo(
        role.name,
        plugin,
        frozenset(entity.__name__ for entity in role.reads),
        frozenset(entity.__name__ for entity in role.writes),
        frozenset(role.permissions),
    )
