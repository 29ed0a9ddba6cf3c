"""Blame: which plugin's own types no schema can be built of. It stops the start, or is left out."""

from __future__ import annotations

from tenure_core.errors import PluginError
from tenure_core.plugins.host import Host
from tenure_core.plugins.loading.loader import FailedPlugin, check_requirements, fail_or_skip
from tenure_core.settings import Settings
from tenure_schema.plugins.schema_parts import PluginParts
from tenure_schema.schema import build_schema


def drop_broken_plugins(host: Host, settings: Settings) -> Host:
    """Return a host without the plugins whose own types no schema can be built of, and all that require them.

    Args:
        host: The plugins, some of which are such.
        settings: What to do about one that fails: stop, or leave it out.

    Raises:
        PluginError: One of them fails, and the settings say to stop.
    """
    build_schema(host.catalog)
    parts, failed = PluginParts.of(host), list[FailedPlugin]()
    for plugin in host.plugins:
        try:
            check_requirements(plugin.manifest, failed)
            build_schema(host.catalog, parts.alone(plugin.name))
        except PluginError as error:
            failed.append(fail_or_skip(plugin.name, error, skip=settings.plugin_failures == "skip"))
    return host.without(failed)
