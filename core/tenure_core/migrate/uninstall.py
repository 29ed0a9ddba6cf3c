"""Uninstalls a plugin: exports its records, reverts its revisions and deletes its rows from core tables."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from sqlalchemy import Connection, inspect, select, text

from tenure_core.access.grants import authorize
from tenure_core.access.visibility import visible_rows
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.changes.snapshot_export import export_records
from tenure_core.errors import PluginError
from tenure_core.migrate.orphan_cleanup import delete_entity_rows
from tenure_core.migrate.revision_sets import RevisionSet, plugin_revision_set, translate_migration_errors
from tenure_core.migrate.runner import lock, owner_engine
from tenure_core.plugins.actor import plugin_actor
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registrations import ActivityKind, RoleDefinition
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings

OTHER_KIND = "OTHER"
"""The kind that activities of the plugin's kinds get."""

DELETE_ROWS = tuple(
    map(
        text,
        (
            # The triggers of the queue refer to its tables without a schema.
            "SET LOCAL search_path = public, procrastinate",
            # Wait for a running scheduler; the next one finds no tenant with the plugin.
            "SELECT pg_advisory_xact_lock(hashtextextended('plugin jobs', 0))",
            "DELETE FROM tenant_plugin WHERE plugin = :plugin",
            "DELETE FROM procrastinate.procrastinate_jobs WHERE queue_name = :plugin",
            "UPDATE api_key SET revoked_at = now() WHERE role = ANY (:roles) AND revoked_at IS NULL",
            f"UPDATE activity SET kind = '{OTHER_KIND}' WHERE kind = ANY (:kinds)",
        ),
    )
)
"""Deletes or changes the rows of core tables that belong to a plugin. Foreign keys cascade."""

SELECT_ACTIVITY_TENANTS = text("SELECT DISTINCT tenant_id FROM activity WHERE kind = ANY (:kinds)")


@dataclass(frozen=True)
class Target:
    """The database from which a plugin is uninstalled.

    Args:
        url: The URL of the service.
        owner_url: The URL of the owner of the tables.
        settings: The settings of the service's connections.
    """

    url: str
    owner_url: str
    settings: Settings


def uninstall(target: Target, host: Host, name: str, folder: Path) -> list[Path]:
    """Uninstall a plugin: drop its tables, and delete its rows from core tables.

    Before that, the records of each tenant are exported to a file in the format of `/export`. Activities of
    the plugin's kinds get the kind OTHER; the file of a tenant with such activities contains all of its
    activities, too. Writes to the plugin's tables wait until the end. If a step fails, nothing is
    changed.

    Args:
        target: The database.
        host: The plugin and the other plugins of the server.
        name: The name of the plugin.
        folder: The folder for the files; it is created if needed.

    Returns:
        The files, one for each tenant with records.

    Raises:
        PluginError: The plugin is not loaded, or another plugin requires it.
        MigrationFailedError: One of its revisions cannot be reverted.
    """
    plugin = host[name]
    _check_not_required(host, name)
    with owner_engine(target.owner_url) as connection:
        lock(connection)
        with connection.begin():
            entities = [info for info in host.catalog.entities.values() if info.plugin == name]
            exports = dict.fromkeys(_lock_tables(connection, entities), entities)
            with_activities = [*entities, host.catalog["Activity"]]
            exports |= dict.fromkeys(_list_activity_tenants(connection, plugin), with_activities)
            if exports:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            files = asyncio.run(_export(target, host.catalog, plugin, exports, folder))
            _delete_plugin(connection, plugin, entities)
    return files


def _check_not_required(host: Host, name: str) -> None:
    for other in host.plugins:
        if name in other.manifest.requires:
            raise PluginError(f"The plugin {other.name} requires {name}.", f"Uninstall {other.name} first.")


def _list_activity_tenants(connection: Connection, plugin: LoadedPlugin) -> set[uuid.UUID]:
    """Return the tenants that have activities of the plugin's kinds."""
    return set(connection.scalars(SELECT_ACTIVITY_TENANTS, {"kinds": _list_kinds(plugin)}))


def _list_kinds(plugin: LoadedPlugin) -> list[str]:
    return [kind.name for kind in plugin.registrations(ActivityKind)]


def _lock_tables(connection: Connection, entities: Sequence[EntityInfo]) -> set[uuid.UUID]:
    """Block writes to the tables of entities, and return the tenants that have rows in them."""
    existing = inspect(connection).get_table_names()
    tenants: set[uuid.UUID] = set()
    for table in [info.table for info in entities if info.table.name in existing]:
        connection.exec_driver_sql(f'LOCK TABLE "{table.name}" IN SHARE MODE')
        tenants.update(connection.scalars(select(table.c.tenant_id).distinct()))
    return tenants


async def _export(
    target: Target,
    catalog: Catalog,
    plugin: LoadedPlugin,
    exports: Mapping[uuid.UUID, Sequence[EntityInfo]],
    folder: Path,
) -> list[Path]:
    """Write a file for each tenant, and return the files."""
    files: list[Path] = []
    async with Database(target.url, target.settings) as database:
        for tenant_id, entities in sorted(exports.items()):
            actor = plugin_actor(plugin.name, tenant_id, frozenset([plugin.name]))
            rows = visible_rows(entities, authorize(actor, catalog))
            files.append(folder / f"{tenant_id}.ndjson")
            with files[-1].open("wb") as file:
                async for chunk in export_records(database, actor, rows):
                    await asyncio.to_thread(file.write, chunk)
    return files


def _delete_plugin(connection: Connection, plugin: LoadedPlugin, entities: Sequence[EntityInfo]) -> None:
    revisions = plugin_revision_set(plugin)
    if revisions and revisions.folder.is_dir():
        _revert_revisions(connection, revisions)
    delete_entity_rows(connection, [info.name for info in entities])
    values = {
        "plugin": plugin.name,
        "roles": [role.name for role in plugin.registrations(RoleDefinition)],
        "kinds": _list_kinds(plugin),
    }
    for statement in DELETE_ROWS:
        names = statement.compile().params
        connection.execute(statement, {name: values[name] for name in names})


def _revert_revisions(connection: Connection, revisions: RevisionSet) -> None:
    with translate_migration_errors(revisions):
        command.downgrade(revisions.config(connection), "base")
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {revisions.version_table}")
