"""Added choices: values that plugins bring for fields of the core, such as kinds of activities.

What was written while a tenant had the plugin enabled stays, and is read as ever; new ones are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from tenure_core.access.grants import enable_hint
from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo, ScalarField
from tenure_core.write.results import ErrorCode, RowPath
from tenure_core.write.rows.pending_row import PendingRow


def check_plugin_enum_values(
    catalog: Catalog, entity: EntityInfo, actor: Actor, drafts: Iterable[PendingRow]
) -> None:
    """Refuse each draft with a value that a plugin brings which the tenant has not enabled."""
    for path, column, plugins in _places(catalog, entity):
        for draft in drafts:
            value = draft.parsed.values.get(column)
            plugin = plugins.get(str(value))
            if plugin and plugin not in actor.plugins:
                message = f"{value} belongs to the plugin {plugin}, which is not enabled for this tenant."
                draft.add_error(ErrorCode.INVALID, path, f"{message} {enable_hint(plugin)}")


EnumField = tuple[RowPath, str, Mapping[str, str]]
"""Where rows hold a value that plugins may bring: its path, its column, and the plugin of each such value."""


@lru_cache(maxsize=1024)
def _places(catalog: Catalog, entity: EntityInfo) -> tuple[EnumField, ...]:
    return tuple(
        (path, str(one.column.name), plugins)
        for path, one in _scalars(entity)
        if (plugins := catalog.plugin_enum_values.get(one.scalar_type.name))
    )


def _scalars(entity: EntityInfo) -> Iterator[tuple[RowPath, ScalarField]]:
    for one in entity.scalars:
        yield (one.name,), one
    for composite in entity.composites:
        for name, part in composite.parts.items():
            yield (composite.name, name), part
