"""Uninstalling: takes a plugin out of a database, once all that it held is written to files."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from sqlalchemy import Connection, inspect, select, text

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.changes.snapshot_export import export
from tenure_core.errors import PluginError
from tenure_core.migrate.orphan_cleanup import forget
from tenure_core.migrate.revision_sets import RevisionSet, plugin_revision_set, translate_migration_errors
from tenure_core.migrate.runner import lock, owner_engine
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings

OTHER_KIND = "OTHER"
"""What activities are of whose kind goes with the plugin."""

FORGET = tuple(
    map(
        text,
        (
            # The queue's triggers look for its tables there.
            "SET LOCAL search_path = public, procrastinate",
            # Who puts jobs into the queue is done with it, and finds no tenant with the plugin afterwards.
            "SELECT pg_advisory_xact_lock(hashtextextended('plugin jobs', 0))",
            "DELETE FROM tenant_plugin WHERE plugin = :plugin",
            "DELETE FROM procrastinate.procrastinate_jobs WHERE queue_name = :plugin",
            "UPDATE api_key SET revoked_at = now() WHERE role = ANY (:roles) AND revoked_at IS NULL",
            f"UPDATE activity SET kind = '{OTHER_KIND}' WHERE kind = ANY (:kinds)",
        ),
    )
)
"""What the core's tables hold because of a plugin. What hangs on `tenant_plugin` goes with it."""


@dataclass(frozen=True)
class Target:
    """Where a plugin is taken out.

    Args:
        url: The database, as the service sees it.
        owner_url: The same, as the owner of its tables.
        settings: How the service connects.
    """

    url: str
    owner_url: str
    settings: Settings


def uninstall(place: Target, host: Host, name: str, folder: Path) -> list[Path]:
    """Take a plugin out of a database: its tables, and all that the core's tables hold because of it.

    Before that, each tenant's living records are exported to a file of their own, in the form of `/export`.
    Activities of its kinds become OTHER; a tenant that has some finds all of its activities in its file, too.
    Meanwhile nobody writes to the plugin's tables; where anything fails, nothing is changed.

    Args:
        place: The database.
        host: The plugin, and those beside it.
        name: The plugin.
        folder: Where the files come to lie; it is made.

    Returns:
        The files, one for each tenant that had records.

    Raises:
        PluginError: The plugin is not loaded, or another requires it.
        MigrationFailedError: One of its revisions can't be undone.
    """
    plugin = host[name]
    _refuse_required(host, name)
    with owner_engine(place.owner_url) as connection:
        lock(connection)
        with connection.begin():
            entities = [info for info in host.catalog.entities.values() if info.plugin == name]
            held = dict.fromkeys(_hold(connection, entities), entities)
            with_activities = [*entities, host.catalog["Activity"]]
            held |= dict.fromkeys(_having_activities(connection, plugin), with_activities)
            if held:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            files = asyncio.run(_export(place, held, folder))
            _forget(connection, plugin, entities)
    return files


def _refuse_required(host: Host, name: str) -> None:
    for other in host.plugins:
        if name in other.manifest.requires:
            raise PluginError(f"The plugin {other.name} requires {name}.", f"Uninstall {other.name} first.")


def _having_activities(connection: Connection, plugin: LoadedPlugin) -> set[uuid.UUID]:
    """Return the tenants that have activities of the plugin's kinds, which go with it."""
    found = text("SELECT DISTINCT tenant_id FROM activity WHERE kind = ANY (:kinds)")
    return set(connection.scalars(found, {"kinds": list(plugin.activity_kinds)}))


def _hold(connection: Connection, entities: Sequence[EntityInfo]) -> set[uuid.UUID]:
    """Keep everybody from writing to the tables, and return the tenants that have rows there."""
    present = inspect(connection).get_table_names()
    tenants: set[uuid.UUID] = set()
    for info in [info for info in entities if info.table.name in present]:
        connection.exec_driver_sql(f'LOCK TABLE "{info.table.name}" IN SHARE MODE')
        tenants.update(connection.scalars(select(info.table.c.tenant_id).distinct()))
    return tenants


async def _export(place: Target, held: Mapping[uuid.UUID, Sequence[EntityInfo]], folder: Path) -> list[Path]:
    async with Database(place.url, place.settings) as database:
        return [
            await _export_tenant(database, tenant, entities, folder)
            for tenant, entities in sorted(held.items())
        ]


async def _export_tenant(
    database: Database, tenant: uuid.UUID, entities: Sequence[EntityInfo], folder: Path
) -> Path:
    path = folder / f"{tenant}.ndjson"
    with path.open("wb") as file:
        async for piece in export(database, tenant, entities):
            await asyncio.to_thread(file.write, piece)
    return path


def _forget(connection: Connection, plugin: LoadedPlugin, entities: Sequence[EntityInfo]) -> None:
    history = plugin_revision_set(plugin)
    if history and history.folder.is_dir():
        _go_back(connection, history)
    values = {
        "plugin": plugin.name,
        "roles": [role.name for role in plugin.roles],
        "kinds": list(plugin.activity_kinds),
    }
    forget(connection, [info.name for info in entities])
    for statement in FORGET:
        names = statement.compile().params
        connection.execute(statement, {name: values[name] for name in names})


def _go_back(connection: Connection, history: RevisionSet) -> None:
    with translate_migration_errors(history):
        command.downgrade(history.config(connection), "base")
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {history.table}")
