"""Imports a file into a tenant, with the rights of an administrator. `tenure import` calls it."""

from __future__ import annotations

import uuid
from dataclasses import replace

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor, Role
from tenure_core.plugins.administration.enablement import enabled_plugins
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings
from tenure_sdk.csv_import.counts import ImportCounts
from tenure_sdk.csv_import.progress import show_progress
from tenure_sdk.csv_import.runner import CsvImport, run_import

MIN_STATEMENT_SECONDS = 60.0
"""Lower limit of the statement timeout: writing a chunk takes longer than a request."""

NO_KEY = uuid.UUID(int=0)
"""The key id of an actor without an API key."""

ACTOR_NAME = "tenure import"
"""The actor of the changes in the change feed."""


async def import_for_tenant(
    csv_import: CsvImport, settings: Settings, url: str, host: Host, tenant_id: uuid.UUID
) -> ImportCounts:
    """Run an import and show its progress on stderr.

    Args:
        csv_import: The import.
        settings: The settings of the connection.
        url: The database.
        host: The loaded plugins.
        tenant_id: The tenant.

    Raises:
        ForbiddenError: The entity belongs to a plugin that the tenant has not enabled.
        FileError: The file can't be read. Earlier chunks are written.
        DatabaseUnavailableError: The database is not available. Earlier chunks are written.
    """
    seconds = max(settings.statement_timeout_seconds, MIN_STATEMENT_SECONDS)
    settings = settings.model_copy(update={"statement_timeout_seconds": seconds})
    actor = Actor(tenant_id, NO_KEY, Role.ADMIN, csv_import.compiled.map.system, ACTOR_NAME)
    async with Database(url, settings) as database:
        async with database.tenant_connection(tenant_id) as connection:
            actor = replace(actor, plugins=await enabled_plugins(connection, tenant_id))
        authorize(actor, host.catalog).require_write(csv_import.compiled.entity)
        with show_progress() as on_progress:
            return await run_import(csv_import, database, host, actor, on_progress)
