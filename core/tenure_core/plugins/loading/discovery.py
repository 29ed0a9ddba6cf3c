"""Finds the installed plugins that the settings allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points

from tenure_core.errors import PluginError, SettingError
from tenure_core.settings import PLUGIN_ENTRY_POINTS, Settings


def find_installed(settings: Settings) -> Iterator[EntryPoint]:
    """Yield the entry points of the plugins to load, sorted by name, without importing the plugins.

    Raises:
        PluginError: Two distributions contain a plugin with the same name.
        SettingError: The settings allow a plugin that is not installed, or both allow and deny a plugin.
    """
    installed = _index_by_name(entry_points(group=PLUGIN_ENTRY_POINTS))
    allowed = installed.keys() if settings.plugins_allow is None else set(settings.plugins_allow)
    if missing := allowed - installed.keys():
        raise SettingError(
            f"TENURE_PLUGINS_ALLOW contains {', '.join(sorted(missing))}, which is not installed.",
            f"Install it, or correct the name. Installed plugins: {', '.join(sorted(installed)) or 'none'}.",
        )
    if both := set(settings.plugins_allow or ()) & set(settings.plugins_deny):
        raise SettingError(
            f"TENURE_PLUGINS_ALLOW and TENURE_PLUGINS_DENY both contain {', '.join(sorted(both))}.",
            "Remove it from one of them.",
        )
    for name in sorted(allowed - set(settings.plugins_deny)):
        yield installed[name]


def installed_names() -> frozenset[str]:
    """Return the names of all installed plugins, allowed or not."""
    return frozenset(entry_points(group=PLUGIN_ENTRY_POINTS).names)


def _index_by_name(points: Iterable[EntryPoint]) -> dict[str, EntryPoint]:
    by_name: dict[str, EntryPoint] = {}
    for point in points:
        other = by_name.setdefault(point.name, point)
        if other != point:
            raise PluginError(
                f"Two distributions contain the plugin {point.name}: "
                f"{_describe_source(other)} and {_describe_source(point)}.",
                "Uninstall one of them.",
            )
    return by_name


def _describe_source(point: EntryPoint) -> str:
    return f"{point.dist.name} ({point.value})" if point.dist else point.value
