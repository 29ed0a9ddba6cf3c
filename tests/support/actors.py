"""Actors in tenants of their own."""

from __future__ import annotations

import uuid

from tenure_core.access.api_keys import ensure_tenant
from tenure_core.access.identity import Actor, Role


def actor_in_fresh_tenant(database_url: str, role: Role) -> Actor:
    """Return an actor as the look-up of a key does: its role is a plain text, as the database has it."""
    tenant_id = ensure_tenant(database_url, f"test {uuid.uuid4()}")
    return Actor(tenant_id, uuid.uuid4(), role.value, "test")
