"""The plugin host: finds plugins, orders them, loads what they bring, and lets no two claim the same."""

from tenure_core.plugins.host import FailedPlugin, Host, core_host, load_host
from tenure_core.plugins.loaded import LoadedPlugin, ask, implements

__all__ = ["FailedPlugin", "Host", "LoadedPlugin", "ask", "core_host", "implements", "load_host"]
