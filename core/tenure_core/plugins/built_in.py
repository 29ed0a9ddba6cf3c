"""The built-in plugins: parts of the core that register jobs and change listeners with the hooks of plugins.

They are always loaded, are enabled for every tenant, and are not listed among a tenant's plugins. They are
imported by name, because they belong to packages that depend on this one.

Workers enable them for new tenants every few seconds. A built-in change listener therefore does not receive
the changes that a new tenant writes before that.
"""

from __future__ import annotations

from importlib import import_module

from tenure_core.plugins.hook_caller import HookCaller
from tenure_core.plugins.loading.loader import read_manifest
from tenure_core.plugins.plugin import LoadedPlugin

BUILT_IN_PLUGINS = ("tenure_core.background.retention_plugin",)


def load_built_in_plugins() -> tuple[LoadedPlugin, ...]:
    """Return the built-in plugins."""
    modules = map(import_module, BUILT_IN_PLUGINS)
    return tuple(LoadedPlugin(read_manifest(module), HookCaller(module)) for module in modules)
