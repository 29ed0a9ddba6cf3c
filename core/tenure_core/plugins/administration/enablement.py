"""Enables and disables plugins for tenants. The data of a disabled plugin is kept."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from tenure_core.errors import PluginError
from tenure_core.plugins.administration.status import start_background_work
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database, TenantConnection

SELECT_ENABLED = "SELECT plugin FROM tenant_plugin WHERE tenant_id = %(tenant)s AND enabled"

SET_ENABLED = """
    INSERT INTO tenant_plugin (tenant_id, plugin, enabled) VALUES (%(tenant)s, %(plugin)s, %(enabled)s)
    ON CONFLICT (tenant_id, plugin) DO UPDATE SET enabled = excluded.enabled
"""

ENABLE_FOR_ALL_TENANTS = "SELECT tenure_enable_plugins(%s)"


async def enabled_plugins(connection: TenantConnection, tenant_id: uuid.UUID) -> frozenset[str]:
    """Return the names of the plugins that a tenant has enabled, loaded or not."""
    cursor = await connection.execute(SELECT_ENABLED, {"tenant": tenant_id})
    return frozenset(name for (name,) in await cursor.fetchall())


async def enable(connection: TenantConnection, host: Host, name: str, tenant_id: uuid.UUID) -> None:
    """Enable a plugin for a tenant, and start its jobs and change listener.

    Cached API keys see the plugin after they are looked up again.

    Args:
        connection: A connection in a transaction of the tenant.
        host: The plugins of this process.
        name: The name of the plugin.
        tenant_id: The tenant.

    Raises:
        PluginError: The plugin is not loaded, or requires a plugin that the tenant has not enabled.
    """
    required = frozenset(host[name].manifest.requires)
    if missing := required - await enabled_plugins(connection, tenant_id):
        first = sorted(missing)[0]
        raise PluginError(
            f"The plugin {name} requires {first}, which is not enabled for this tenant.",
            f"Enable {first} first.",
        )
    await _set_enabled(connection, name, tenant_id, True)
    await start_background_work(connection, host[name], tenant_id)


async def disable(connection: TenantConnection, host: Host, name: str, tenant_id: uuid.UUID) -> None:
    """Disable a plugin for a tenant; the plugin need not be loaded. Its data is kept.

    Args:
        connection: A connection in a transaction of the tenant.
        host: The plugins of this process.
        name: The name of the plugin.
        tenant_id: The tenant.

    Raises:
        PluginError: An enabled plugin requires it, or the plugin is neither enabled nor loaded.
    """
    enabled = await enabled_plugins(connection, tenant_id)
    known = name if name in enabled else host[name].name
    for other in host.plugins:
        if other.name in enabled and name in other.manifest.requires:
            raise PluginError(
                f"The plugin {other.name}, which is enabled for this tenant, requires {name}.",
                f"Disable {other.name} first.",
            )
    await _set_enabled(connection, known, tenant_id, False)


async def enable_for_all_tenants(database: Database, plugins: Sequence[str]) -> None:
    """Enable built-in plugins for every tenant that does not have them yet.

    Args:
        database: The database.
        plugins: The names of the plugins.

    Raises:
        TenureError: The database is unavailable.
    """
    if plugins:
        async with database.shared_connection() as connection:
            await connection.execute(ENABLE_FOR_ALL_TENANTS, (list(plugins),))


async def _set_enabled(connection: TenantConnection, name: str, tenant_id: uuid.UUID, enabled: bool) -> None:
    await connection.execute(SET_ENABLED, {"tenant": tenant_id, "plugin": name, "enabled": enabled})
