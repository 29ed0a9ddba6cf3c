"""The load order of plugins."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from graphlib import CycleError, TopologicalSorter

from tenure_core.errors import PluginError
from tenure_core.plugins.manifest import Manifest


def sort_manifests(manifests: Iterable[Manifest], failed: Collection[str] = ()) -> list[Manifest]:
    """Sort manifests so that each follows those in its `requires` and `after`, and otherwise by name.

    Args:
        manifests: The manifests of the imported plugins.
        failed: The names of the plugins that were skipped. A plugin that requires one of them fails later.

    Raises:
        PluginError: A required plugin is missing, or `requires` and `after` form a cycle.
    """
    by_name = {manifest.name: manifest for manifest in sorted(manifests, key=lambda manifest: manifest.name)}
    for manifest in by_name.values():
        for missing in sorted({*manifest.requires} - {*by_name, *failed}):
            raise PluginError(
                f"The plugin {manifest.name} requires {missing}, which is not loaded.",
                f"Install and allow {missing}, or exclude {manifest.name} with TENURE_PLUGINS_DENY.",
            )
    graph = {
        manifest.name: [name for name in (*manifest.requires, *manifest.after) if name in by_name]
        for manifest in by_name.values()
    }
    try:
        return [by_name[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        cycle = " after ".join(reversed(error.args[1]))
        raise PluginError(
            f"The load order of plugins has a cycle: {cycle}.", "Remove a name from `requires` or `after`."
        ) from None
