"""Builds the validators of plugins; the plugin host passes them to the write path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tenure_core.plugins.context import use_context
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.write.context import WriteContext
from tenure_core.write.write_set import Check, RowError, Validator, WriteSet


def list_validators(plugins: Iterable[LoadedPlugin]) -> Iterator[Validator]:
    """Yield a validator for each plugin that implements `validate_write`, in the order of the plugins."""
    for plugin in plugins:
        if plugin.hooks.implements("validate_write"):
            yield Validator(plugin.name, _build_check(plugin))


def _build_check(plugin: LoadedPlugin) -> Check:
    async def check(write_context: WriteContext, writes: WriteSet) -> Iterable[RowError] | None:
        async with use_context(write_context, plugin) as context:
            errors: Iterable[RowError] | None = await plugin.hooks.call(
                "validate_write", context=context, writes=writes
            )
        return errors

    return check
