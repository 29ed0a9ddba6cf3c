"""`run_for_tenant`: runs a function of a plugin's command in a plugin context of a tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenure_core.errors import BadUserInputError
from tenure_core.plugins.actor import plugin_actor
from tenure_core.plugins.administration.enablement import enabled_plugins
from tenure_core.plugins.context import Context, run_in_context
from tenure_core.plugins.host import Host, load_host
from tenure_core.postgres.database import Database
from tenure_core.settings import load_settings
from tenure_sdk.cli.plugin.tenant import TenantDatabase, open_tenant

Result = TypeVar("Result")


def run_for_tenant(plugin: str, tenant: str, work: Callable[[Context], Awaitable[Result]]) -> Result:
    """Run a function in a plugin context of a tenant, in one transaction, and return its result.

    Uses the PostgreSQL database of DATABASE_URL, or starts the embedded PostgreSQL.

    Args:
        plugin: The name of the plugin.
        tenant: The name of the tenant.
        work: The function.

    Raises:
        BadUserInputError: There is no such tenant, or the plugin is not enabled for it.
        PendingMigrationsError: The database lacks migrations.
        DatabaseUnavailableError: The database can't be reached.
    """
    host = load_host(load_settings())
    with open_tenant(host, tenant) as opened:
        return asyncio.run(_run(opened, host, plugin, work))


async def _run(
    tenant: TenantDatabase, host: Host, plugin: str, work: Callable[[Context], Awaitable[Result]]
) -> Result:
    async with Database(tenant.url, tenant.settings) as database:
        async with database.tenant_connection(tenant.tenant_id) as connection:
            enabled = await enabled_plugins(connection, tenant.tenant_id)
        if plugin not in enabled:
            raise BadUserInputError(
                f"The plugin {plugin} is not enabled for the tenant.",
                f"Enable it with `tenure plugin enable {plugin} --tenant NAME`.",
            )
        actor = plugin_actor(plugin, tenant.tenant_id, enabled)
        return await run_in_context(database, host, host[plugin], actor, work)
