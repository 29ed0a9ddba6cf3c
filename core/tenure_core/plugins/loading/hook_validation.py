"""Hooks of a plugin: held against their specifications before any of them is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any

from tenure_core.errors import PluginError
from tenure_core.plugins import hookspecs

Function = Callable[..., Any]

SPECS: dict[str, Function] = {
    name: function
    for name, function in vars(hookspecs).items()
    if hasattr(function, f"{hookspecs.PROJECT}_spec")
}
"""Every hook that there is, by its name."""


def check_hooks(hooks: object) -> None:
    """Return where all hooks of a plugin are Tenure's, and are written as Tenure calls them.

    Args:
        hooks: The module or object that holds them.

    Raises:
        PluginError: One is not there, takes what it is not given, waits where it may not, or is not marked.
    """
    for name, function, marked in _candidates(hooks):
        if name not in SPECS:
            _refuse_unknown(name, function)
        if not marked:
            raise PluginError(
                f"{_place(function)} has the name of a hook and is not marked as one.",
                f"Put @hookimpl in front of {name}, or rename it.",
            )
        _refuse_arguments(name, function)
        _refuse_waiting(name, function)


def _candidates(hooks: object) -> Iterator[tuple[str, Function, bool]]:
    """Yield what is marked as a hook or is called like one: its hook, the function, whether it is marked."""
    for name in dir(hooks):
        function = inspect.getattr_static(hooks, name)
        marked = getattr(function, f"{hookspecs.PROJECT}_impl", None)
        if marked:
            yield marked.get("specname") or name, function, True
        elif name in SPECS and inspect.isroutine(function):
            yield name, function, False


def _refuse_unknown(name: str, function: Function) -> None:
    near = get_close_matches(name, SPECS, 1)
    meant = f"Do you mean {near[0]}?" if near else f"There are: {', '.join(SPECS)}."
    raise PluginError(f"{_place(function)} implements the hook {name}, which Tenure does not have.", meant)


def _refuse_arguments(name: str, function: Function) -> None:
    given = inspect.signature(SPECS[name]).parameters
    if wrong := [taken for taken in inspect.signature(function).parameters if taken not in given]:
        has = ", ".join(given) or "none"
        raise PluginError(
            f"{_place(function)} takes {', '.join(wrong)}, which the hook {name} is not given.",
            f"Its arguments are: {has}. Leave out those that are not needed.",
        )


def _refuse_waiting(name: str, function: Function) -> None:
    wanted = inspect.iscoroutinefunction(SPECS[name])
    if inspect.iscoroutinefunction(function) != wanted:
        is_one, becomes = ("no", "async def") if wanted else ("an", "def")
        raise PluginError(
            f"{_place(function)} is {is_one} asynchronous function.", f"Write it as `{becomes} {name}`."
        )


def _place(function: Function) -> str:
    return f"{function.__module__}.{function.__qualname__}"
