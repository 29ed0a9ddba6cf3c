"""Creates the tables of plugins without migrations, such as plugins that are defined in a test."""

from __future__ import annotations

from sqlalchemy.schema import CreateIndex, CreateTable

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.change_operation import capture_template
from tenure_core.migrate.capture_ops import DIALECT, Captured, capture_call
from tenure_core.migrate.revision_sets import plugin_revision_set
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registrations import EntityClass
from tenure_core.postgres.owner_connection import connect


def create_tables(url: str, plugin: LoadedPlugin, catalog: Catalog) -> None:
    """Create the tables of a plugin's entities, unless the plugin has migrations.

    Args:
        url: The migrated database, as the owner of its tables.
        plugin: The plugin.
        catalog: The entities.
    """
    revisions = plugin_revision_set(plugin)
    if revisions and revisions.folder.is_dir():
        return
    with connect(url) as connection:
        for registration in plugin.registrations(EntityClass):
            for statement in _create_statements(catalog[registration.entity.__name__]):
                connection.execute(statement)


def _create_statements(entity: EntityInfo) -> list[str]:
    table = entity.table
    return [
        str(CreateTable(table).compile(dialect=DIALECT)),
        *(str(CreateIndex(index).compile(dialect=DIALECT)) for index in table.indexes),
        f"CALL tenure_enable_row_security('{table.name}')",
        capture_call(table.name, Captured(entity.name, capture_template(entity))),
    ]
