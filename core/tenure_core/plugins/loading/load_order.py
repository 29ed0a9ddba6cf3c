"""Ordering: plugins after those that they require, and after those that they want to come after."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from graphlib import CycleError, TopologicalSorter

from tenure_core.errors import PluginError
from tenure_core.plugins.manifest import Manifest


def sort_manifests(manifests: Iterable[Manifest], left_out: Collection[str] = ()) -> list[Manifest]:
    """Return manifests in an order that all of them can live with; where it is free, by name.

    Args:
        manifests: Those of the plugins that were found.
        left_out: Plugins that failed; what requires them fails in its turn.

    Raises:
        PluginError: A required plugin is missing, or some plugins want to come after one another in a circle.
    """
    by_name = {manifest.name: manifest for manifest in sorted(manifests, key=lambda one: one.name)}
    for manifest in by_name.values():
        for missing in sorted({*manifest.requires} - {*by_name, *left_out}):
            raise PluginError(
                f"The plugin {manifest.name} requires {missing}, which is not loaded.",
                f"Install and allow {missing}, or leave {manifest.name} out with TENURE_PLUGINS_DENY.",
            )
    graph = {
        manifest.name: [name for name in (*manifest.requires, *manifest.after) if name in by_name]
        for manifest in by_name.values()
    }
    try:
        return [by_name[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        circle = " after ".join(reversed(error.args[1]))
        raise PluginError(
            f"Plugins can't be put in order: {circle}.", "Take one name out of `requires` or `after`."
        ) from None
