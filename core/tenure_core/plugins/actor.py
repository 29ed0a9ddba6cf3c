"""Acting: who a plugin is when it does something by itself."""

from __future__ import annotations

import uuid

from tenure_core.access.identity import Actor, Role

NO_KEY = uuid.UUID(int=0)


def plugin_actor(plugin: str, tenant_id: uuid.UUID, enabled: frozenset[str] = frozenset()) -> Actor:
    """Return a plugin as an actor, who may do everything that the tenant's plugins bring.

    Args:
        plugin: Its name; the change feed shows it with "plugin:" in front.
        tenant_id: Whose data.
        enabled: The plugins that the tenant has enabled.
    """
    name = f"plugin:{plugin}"
    return Actor(tenant_id, NO_KEY, Role.ADMIN, origin=name, name=name, plugins=enabled)
