"""The actor for a plugin's jobs and change listeners."""

from __future__ import annotations

import uuid

from tenure_core.access.identity import Actor, Role

NO_KEY = uuid.UUID(int=0)


def plugin_actor(plugin: str, tenant_id: uuid.UUID, enabled: frozenset[str] = frozenset()) -> Actor:
    """Return the actor of a plugin in a tenant. It has the role "admin".

    Args:
        plugin: The name of the plugin; in the change feed, the actor is "plugin:NAME".
        tenant_id: The tenant.
        enabled: The plugins that the tenant has enabled.
    """
    name = f"plugin:{plugin}"
    return Actor(tenant_id, NO_KEY, Role.ADMIN, origin=name, name=name, plugins=enabled)
