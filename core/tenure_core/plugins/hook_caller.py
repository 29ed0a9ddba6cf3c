"""Calls the hooks of one plugin."""

from __future__ import annotations

from typing import Any

import pluggy

from tenure_core.plugins import hookspecs


class HookCaller:
    """The hook implementations of one plugin, with a plugin manager of its own.

    Args:
        module: The module or object that contains the hook implementations.
    """

    def __init__(self, module: object) -> None:
        self.module = module
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        manager.register(module)
        self._hooks = manager.hook

    def implements(self, hook: str) -> bool:
        """Return whether the plugin implements a hook."""
        return bool(getattr(self._hooks, hook).get_hookimpls())

    def call(self, hook: str, **arguments: object) -> Any:  # noqa: ANN401  # each hook has its own result type
        """Call a hook and return its result; None if the plugin does not implement the hook."""
        results = getattr(self._hooks, hook)(**arguments)
        return results[0] if results else None
