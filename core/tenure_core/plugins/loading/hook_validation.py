"""Checks that the hook implementations of a plugin match their specifications."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any

from tenure_core.errors import PluginError
from tenure_core.plugins.hookspecs import PROJECT, list_specs

Function = Callable[..., Any]


def check_hooks(module: object) -> None:
    """Check the hook implementations of a plugin.

    Args:
        module: The module or object that contains them.

    Raises:
        PluginError: A hook does not exist, takes an unknown argument, is asynchronous although its
            specification is not (or the reverse), or is not marked with `@hookimpl`.
    """
    specs = list_specs()
    for name, function, is_marked in _list_candidates(module):
        if name not in specs:
            _reject_unknown_hook(name, function)
        if not is_marked:
            raise PluginError(
                f"{_qualified_name(function)} has the name of a hook but is not marked as a hook.",
                f"Add @hookimpl to {name}, or rename it.",
            )
        _check_arguments(name, function, specs[name])
        _check_is_async(name, function, specs[name])


def _list_candidates(module: object) -> Iterator[tuple[str, Function, bool]]:
    """Yield the functions that are marked as hooks or named like one: hook name, function, whether marked."""
    for name in dir(module):
        function = inspect.getattr_static(module, name)
        marker = getattr(function, f"{PROJECT}_impl", None)
        if marker:
            yield marker.get("specname") or name, function, True
        elif name in list_specs() and inspect.isroutine(function):
            yield name, function, False


def _reject_unknown_hook(name: str, function: Function) -> None:
    specs = list_specs()
    matches = get_close_matches(name, specs, 1)
    hint = f"Did you mean {matches[0]}?" if matches else f"Hooks: {', '.join(specs)}."
    raise PluginError(f"{_qualified_name(function)} implements the unknown hook {name}.", hint)


def _check_arguments(name: str, function: Function, spec: Function) -> None:
    known = inspect.signature(spec).parameters
    if unknown := [argument for argument in inspect.signature(function).parameters if argument not in known]:
        raise PluginError(
            f"{_qualified_name(function)} takes {', '.join(unknown)}, which the hook {name} does not pass.",
            f"The arguments of the hook are: {', '.join(known) or 'none'}. Unused arguments can be omitted.",
        )


def _check_is_async(name: str, function: Function, spec: Function) -> None:
    must_be_async = inspect.iscoroutinefunction(spec)
    if inspect.iscoroutinefunction(function) != must_be_async:
        keyword = "async def" if must_be_async else "def"
        negation = "" if must_be_async else "not "
        raise PluginError(
            f"{_qualified_name(function)} must {negation}be asynchronous.",
            f"Define it as `{keyword} {name}`.",
        )


def _qualified_name(function: Function) -> str:
    return f"{function.__module__}.{function.__qualname__}"
