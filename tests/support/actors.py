"""Actors in new tenants."""

from __future__ import annotations

import uuid

from tenure_core.access.api_keys import ensure_tenant
from tenure_core.access.identity import Actor, Role


def create_actor(database_url: str, role: Role) -> Actor:
    """Return an actor in a new tenant. Its role is a str, as after authentication."""
    tenant_id = ensure_tenant(database_url, f"test {uuid.uuid4()}")
    return Actor(tenant_id, uuid.uuid4(), role.value, "test")
