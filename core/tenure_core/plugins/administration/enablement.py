"""Enablement: which of the loaded plugins a tenant uses. What it no longer uses keeps its data."""

from __future__ import annotations

import uuid

from tenure_core.errors import PluginError
from tenure_core.plugins.administration.status import start_background_work
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import TenantConnection

ENABLED = "SELECT plugin FROM tenant_plugin WHERE tenant_id = %(tenant)s AND enabled"

SET_ENABLED = """
    INSERT INTO tenant_plugin (tenant_id, plugin, enabled) VALUES (%(tenant)s, %(plugin)s, %(enabled)s)
    ON CONFLICT (tenant_id, plugin) DO UPDATE SET enabled = excluded.enabled
"""


async def enabled_plugins(connection: TenantConnection, tenant_id: uuid.UUID) -> frozenset[str]:
    """Return the names of the plugins that a tenant has enabled; they need not be loaded."""
    cursor = await connection.execute(ENABLED, {"tenant": tenant_id})
    return frozenset(name for (name,) in await cursor.fetchall())


async def enable(connection: TenantConnection, host: Host, name: str, tenant_id: uuid.UUID) -> None:
    """Let a tenant use a plugin, which hears of changes and does its jobs from then on.

    Keys that are remembered somewhere learn of it once they are looked up anew.

    Args:
        connection: In a transaction of the tenant.
        host: What is loaded.
        name: The plugin.
        tenant_id: Who is to use it.

    Raises:
        PluginError: It is not loaded, or requires one that the tenant has not enabled.
    """
    required = frozenset(host[name].manifest.requires)
    if lacking := required - await enabled_plugins(connection, tenant_id):
        first = sorted(lacking)[0]
        raise PluginError(
            f"The plugin {name} requires {first}, which is not enabled for this tenant.",
            f"Enable {first} first.",
        )
    await _set(connection, name, tenant_id, True)
    await start_background_work(connection, host[name], tenant_id)


async def disable(connection: TenantConnection, host: Host, name: str, tenant_id: uuid.UUID) -> None:
    """Let a tenant no longer use a plugin, which need not be loaded any more; its data is kept.

    Args:
        connection: In a transaction of the tenant.
        host: What is loaded.
        name: The plugin.
        tenant_id: Who is to use it no longer.

    Raises:
        PluginError: Another plugin that the tenant has enabled requires it, or there is no such plugin.
    """
    enabled = await enabled_plugins(connection, tenant_id)
    known = name if name in enabled else host[name].name
    for other in host.plugins:
        if other.name in enabled and name in other.manifest.requires:
            raise PluginError(
                f"The plugin {other.name}, which is enabled for this tenant, requires {name}.",
                f"Disable {other.name} first.",
            )
    await _set(connection, known, tenant_id, False)


async def _set(connection: TenantConnection, name: str, tenant_id: uuid.UUID, enabled: bool) -> None:
    await connection.execute(SET_ENABLED, {"tenant": tenant_id, "plugin": name, "enabled": enabled})
