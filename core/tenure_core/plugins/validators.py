"""Validators: the plugins that check writes, each with a context of its own in the write's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog
from tenure_core.plugins.context import use_context
from tenure_core.plugins.plugin import LoadedPlugin, hook_caller
from tenure_core.plugins.write_set import Check, Refusal, Validator, WriteSet
from tenure_core.postgres.database import TenantConnection


def list_validators(plugins: Iterable[LoadedPlugin]) -> Iterator[Validator]:
    """Yield what checks writes, in the plugins' order."""
    for plugin in plugins:
        if call := hook_caller(plugin.hooks, "validate_write"):
            yield Validator(plugin.name, _check(plugin, call))


def _check(plugin: LoadedPlugin, call: Callable[..., Any]) -> Check:
    async def check(
        connection: TenantConnection, catalog: Catalog, actor: Actor, writes: WriteSet
    ) -> Iterable[Refusal] | None:
        async with use_context(connection, catalog, plugin, actor) as context:
            found: Iterable[Refusal] | None = await call(context=context, writes=writes)
        return found

    return check
