"""Collects the registrations that the hooks of a plugin return."""

from __future__ import annotations

from collections.abc import Iterable

from tenure_core.errors import PluginError
from tenure_core.plugins.hook_caller import HookCaller
from tenure_core.plugins.hookspecs import HookResult
from tenure_core.plugins.registration import Registration


def collect_registrations(
    hooks: HookCaller, plugin: str, hook: str, result: HookResult
) -> tuple[Registration, ...]:
    """Call a `register_*` hook of a plugin and return its validated registrations.

    Args:
        hooks: The hooks of the plugin.
        plugin: The name of the plugin.
        hook: The name of the hook.
        result: The declared result of the hook.

    Raises:
        PluginError: The hook returned a value of the wrong type, or a registration is invalid.
    """
    returned = hooks.call(hook)
    if returned is None:
        return ()
    values = _check_list(hook, returned) if result.is_list else (returned,)
    registrations = tuple(_to_registration(hook, value, result) for value in values)
    for registration in registrations:
        registration.validate(plugin)
    return registrations


def _check_list(hook: str, returned: object) -> Iterable[object]:
    if isinstance(returned, str | bytes) or not isinstance(returned, Iterable):
        raise PluginError(f"{hook} returned {returned!r}.", "Return a list, even if it has only one item.")
    return returned


def _to_registration(hook: str, value: object, result: HookResult) -> Registration:
    for registration_class in result.classes:
        registration = registration_class.from_result(value)
        if registration is not None:
            return registration
    expected = " or ".join(registration_class.expected for registration_class in result.classes)
    if result.is_list:
        raise PluginError(f"{hook} returned a list that contains {value!r}.", f"Return a list of {expected}.")
    raise PluginError(f"{hook} returned {value!r}.", f"Return {expected}.")
