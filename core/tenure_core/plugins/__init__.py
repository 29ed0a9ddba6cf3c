"""The plugin host: finds plugins, orders them, loads what they bring, and lets no two claim the same."""

from tenure_core.plugins.enablement import disable, enable, enabled_plugins
from tenure_core.plugins.host import Host, core_host, load_host
from tenure_core.plugins.loaded import LoadedPlugin, ask, implements
from tenure_core.plugins.loading import FailedPlugin
from tenure_core.plugins.tenant_settings import change_settings, setting_names, settings_of, shown

__all__ = [
    "FailedPlugin",
    "Host",
    "LoadedPlugin",
    "ask",
    "change_settings",
    "core_host",
    "disable",
    "enable",
    "enabled_plugins",
    "implements",
    "load_host",
    "setting_names",
    "settings_of",
    "shown",
]
