"""A loaded plugin: its manifest, its hooks and its registrations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from tenure_core.plugins.hook_caller import HookCaller
from tenure_core.plugins.hookspecs import list_hook_results
from tenure_core.plugins.loading.collect import collect_registrations
from tenure_core.plugins.manifest import Manifest
from tenure_core.plugins.registration import Registration

R = TypeVar("R", bound=Registration)


@dataclass(frozen=True, eq=False)
class LoadedPlugin:
    """A plugin that the host has loaded.

    Args:
        manifest: The manifest.
        hooks: The hook implementations.
    """

    manifest: Manifest
    hooks: HookCaller
    _by_hook: dict[str, tuple[Registration, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name in the manifest."""
        return self.manifest.name

    def registrations(self, registration_class: type[R]) -> tuple[R, ...]:
        """Return the registrations of a class, in the order in which the plugin returned them.

        Each hook is called once. The hooks that are not called at startup are called here.

        Raises:
            PluginError: A hook that is called here returned an invalid value.
        """
        return tuple(
            registration
            for hook, result in list_hook_results().items()
            if any(issubclass(registration_class, listed) for listed in result.classes)
            for registration in self._collect(hook)
            if isinstance(registration, registration_class)
        )

    def registration(self, registration_class: type[R]) -> R | None:
        """Return the only registration of a class; None if the plugin has none."""
        return next(iter(self.registrations(registration_class)), None)

    def collect_startup_registrations(self) -> Iterator[Registration]:
        """Call the hooks that are called at startup and yield their registrations.

        Raises:
            PluginError: A hook returned an invalid value.
        """
        for hook, result in list_hook_results().items():
            if result.at_startup:
                yield from self._collect(hook)

    def _collect(self, hook: str) -> tuple[Registration, ...]:
        if hook not in self._by_hook:
            result = list_hook_results()[hook]
            self._by_hook[hook] = collect_registrations(self.hooks, self.name, hook, result)
        return self._by_hook[hook]
