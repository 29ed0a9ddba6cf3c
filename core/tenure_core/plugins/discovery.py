"""Discovery: the plugins that are installed, and which of them the settings let in."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points

from tenure_core.errors import SettingError
from tenure_core.settings import Settings

GROUP = "tenure.plugins"
"""The group of entry points under which distributions name their plugins."""


def installed(settings: Settings) -> Iterator[EntryPoint]:
    """Yield the entry points of the plugins to load, by name; none of them is imported yet.

    Raises:
        SettingError: A plugin that the settings ask for is not installed.
    """
    found = {point.name: point for point in entry_points(group=GROUP)}
    wanted = found.keys() if settings.plugins_allow is None else set(settings.plugins_allow)
    if missing := wanted - found.keys():
        raise SettingError(
            f"TENURE_PLUGINS_ALLOW names {', '.join(sorted(missing))}, which is not installed.",
            f"Install it, or correct the name; installed are: {', '.join(sorted(found)) or 'none'}.",
        )
    for name in sorted(wanted - set(settings.plugins_deny)):
        yield found[name]
