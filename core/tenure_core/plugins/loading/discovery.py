"""Discovery: the plugins that are installed, and which of them the settings let in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points

from tenure_core.errors import PluginError, SettingError
from tenure_core.settings import Settings

GROUP = "tenure.plugins"
"""The group of entry points under which distributions name their plugins."""


def find_installed(settings: Settings) -> Iterator[EntryPoint]:
    """Yield the entry points of the plugins to load, by name; none of them is imported yet.

    Raises:
        PluginError: Two distributions bring a plugin of one name.
        SettingError: A plugin that the settings ask for is not installed, or refused by them, too.
    """
    found = _by_name(entry_points(group=GROUP))
    wanted = found.keys() if settings.plugins_allow is None else set(settings.plugins_allow)
    if missing := wanted - found.keys():
        raise SettingError(
            f"TENURE_PLUGINS_ALLOW names {', '.join(sorted(missing))}, which is not installed.",
            f"Install it, or correct the name; installed are: {', '.join(sorted(found)) or 'none'}.",
        )
    if both := set(settings.plugins_allow or ()) & set(settings.plugins_deny):
        raise SettingError(
            f"TENURE_PLUGINS_ALLOW and TENURE_PLUGINS_DENY both name {', '.join(sorted(both))}.",
            "Take it out of one of them.",
        )
    for name in sorted(wanted - set(settings.plugins_deny)):
        yield found[name]


def installed_names() -> frozenset[str]:
    """Return the names of all plugins that are installed, whatever the settings say of them."""
    return frozenset(entry_points(group=GROUP).names)


def _by_name(points: Iterable[EntryPoint]) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in points:
        other = found.setdefault(point.name, point)
        if other != point:
            raise PluginError(
                f"The plugin {point.name} is brought by {_from(other)} and by {_from(point)}.",
                "Uninstall one of the two.",
            )
    return found


def _from(point: EntryPoint) -> str:
    return f"{point.dist.name} ({point.value})" if point.dist else point.value
