"""Enum values that plugins add to fields of the core, such as activity kinds.

A value can only be written while the tenant has the plugin enabled. Values written before remain readable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from tenure_core.access.grants import enable_hint
from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.fields import ScalarField
from tenure_core.write.results import ErrorCode, RowPath
from tenure_core.write.rows.pending_row import PendingRow

EnumField = tuple[RowPath, str, Mapping[str, str]]
"""A field with plugin values: its path in a row, its column, and the plugin of each value."""


def check_plugin_enum_values(
    catalog: Catalog, entity: EntityInfo, actor: Actor, rows: Iterable[PendingRow]
) -> None:
    """Add an error to each row with a value of a plugin that the tenant has not enabled."""
    for path, column, plugins in _list_enum_fields(catalog, entity):
        for row in rows:
            value = row.parsed.values.get(column)
            plugin = plugins.get(str(value))
            if plugin and plugin not in actor.plugins:
                message = f"{value} belongs to the plugin {plugin}, which is not enabled for this tenant."
                row.add_error(ErrorCode.INVALID, path, f"{message} {enable_hint(plugin)}")


@lru_cache(maxsize=1024)
def _list_enum_fields(catalog: Catalog, entity: EntityInfo) -> tuple[EnumField, ...]:
    return tuple(
        (path, str(field.column.name), plugins)
        for path, field in _list_scalars(entity)
        if (plugins := catalog.plugin_enum_values.get(field.scalar_type.name))
    )


def _list_scalars(entity: EntityInfo) -> Iterator[tuple[RowPath, ScalarField]]:
    for field in entity.scalars:
        yield (field.name,), field
    for composite in entity.composites:
        for name, part in composite.parts.items():
            yield (composite.name, name), part
