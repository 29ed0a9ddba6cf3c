"""Tables of plugins that have no revisions, because they live in a test: made from their declarations."""

from __future__ import annotations

import json

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.schema import CreateIndex, CreateTable

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.change_operation import capture_template
from tenure_core.migrate.revision_sets import plugin_revision_set
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.postgres.owner_connection import connect

DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy does not type its dialects


def create_tables(url: str, plugin: LoadedPlugin, catalog: Catalog) -> None:
    """Make the tables of a plugin, as its first revision would, where it has no revisions.

    Args:
        url: The database, migrated, as the owner of its tables.
        plugin: Whose tables.
        catalog: What there is.
    """
    history = plugin_revision_set(plugin)
    if history and history.folder.is_dir():
        return
    with connect(url) as connection:
        for entity in plugin.entities:
            for statement in _statements(catalog[entity.__name__]):
                connection.execute(statement)


def _statements(entity: EntityInfo) -> list[str]:
    table = entity.table
    template = json.dumps(capture_template(entity))
    return [
        str(CreateTable(table).compile(dialect=DIALECT)),
        *(str(CreateIndex(index).compile(dialect=DIALECT)) for index in table.indexes),
        f"CALL tenure_protect('{table.name}')",
        f"CALL tenure_capture('{table.name}', '{entity.name}', '{template}'::jsonb)",
    ]
