"""Commands of plugins: how they come to a context of a tenant, from the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from tenure_core.access.api_keys import find_tenant
from tenure_core.errors import BadUserInputError
from tenure_core.plugins.actor import plugin_actor
from tenure_core.plugins.administration.enablement import enabled_plugins
from tenure_core.plugins.context import Context, run_in_context
from tenure_core.plugins.host import Host, load_host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings, load_settings
from tenure_sdk.cli.database import owner_url, refuse_pending_migrations, running_postgres

Result = TypeVar("Result")


def run_for_tenant(plugin: str, tenant: str, work: Callable[[Context], Awaitable[Result]]) -> Result:
    """Do some work of a plugin for one tenant, in a transaction of its own, and return what comes of it.

    Uses the PostgreSQL of DATABASE_URL, or starts the embedded one and stops it again.

    Args:
        plugin: The plugin whose command it is.
        tenant: The tenant's name.
        work: What to do.

    Raises:
        BadUserInputError: There is no such tenant, or it has not enabled the plugin.
        PendingMigrationsError: The database is older than this code.
        DatabaseUnavailableError: The database can't be reached.
    """
    settings = load_settings()
    host = load_host(settings)
    with running_postgres(settings) as url:
        owner = owner_url(settings, url)
        refuse_pending_migrations(owner, host)
        tenant_id = find_tenant(owner, tenant)
        if tenant_id is None:
            raise BadUserInputError(f"There is no tenant {tenant!r}.", "Look at its name.")
        return asyncio.run(_run(settings, url, host, plugin, tenant_id, work))


async def _run(
    settings: Settings,
    url: str,
    host: Host,
    plugin: str,
    tenant_id: UUID,
    work: Callable[[Context], Awaitable[Result]],
) -> Result:
    async with Database(url, settings) as database:
        async with database.tenant_connection(tenant_id) as connection:
            enabled = await enabled_plugins(connection, tenant_id)
        if plugin not in enabled:
            raise BadUserInputError(
                f"The tenant has not enabled the plugin {plugin}.",
                f"Enable it with `tenure plugin enable {plugin} --tenant NAME`.",
            )
        actor = plugin_actor(plugin, tenant_id, enabled)
        return await run_in_context(database, host, host[plugin], actor, work)
