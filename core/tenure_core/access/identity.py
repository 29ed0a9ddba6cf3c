"""API key authentication: finds the actor of a request by the hash of its key."""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from tenure_core.catalog.predicates import ActorParam
from tenure_core.errors import UnauthenticatedError
from tenure_core.postgres.database import Database

KEY_PREFIX = "tenure_"
MAX_CACHED_KEYS = 10_000
AUTHENTICATE = "SELECT tenant_id, key_id, role, origin, plugins FROM tenure_authenticate(%s)"


class Role(StrEnum):
    """The built-in roles: a READER reads, an ADMIN also writes. Plugins add roles."""

    ADMIN = "admin"
    READER = "reader"


@dataclass(frozen=True)
class Actor:
    """The caller: an API key of a tenant, or platform code that acts for a tenant.

    Args:
        tenant_id: The tenant.
        key_id: Id of the API key.
        role: Name of the role.
        origin: The system that uses the key; the change feed contains it.
        name: Name in the change feed; by default the key's id.
        plugins: The plugins that the tenant has enabled.
    """

    tenant_id: uuid.UUID
    key_id: uuid.UUID
    role: str
    origin: str
    name: str = ""
    plugins: frozenset[str] = frozenset()

    @property
    def audit_name(self) -> str:
        """The actor's name in the change feed."""
        return self.name or str(self.key_id)

    @cached_property
    def parameters(self) -> Mapping[str, object]:
        """The values of the actor parameters of a statement, by parameter name."""
        return MappingProxyType(
            {
                ActorParam.TENANT.value: self.tenant_id,
                ActorParam.ID.value: self.key_id,
                ActorParam.NAME.value: self.audit_name,
                ActorParam.ROLE.value: str(self.role),
                ActorParam.ORIGIN.value: self.origin,
            }
        )


@dataclass(frozen=True)
class NewApiKey:
    """A new API key. The secret is shown once; the database contains only its hash.

    Args:
        secret: The bearer token for the `Authorization` header.
        key_id: Id of the key.
        tenant_created: Whether the tenant was created together with the key.
    """

    secret: str
    key_id: uuid.UUID
    tenant_created: bool


def new_secret() -> str:
    """Return a new secret with 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def hash_key(secret: str) -> bytes:
    """Return the stored hash of a secret. 256 random bits do not need a slow hash (NIST SP 800-63B)."""
    return hashlib.sha256(secret.encode()).digest()


class KeyCache:
    """Authenticates API keys, with a cache that avoids a database query per request.

    Args:
        database: The database that contains the keys.
        seconds: Lifetime of a cache entry. A revoked key works at most this long.
    """

    def __init__(self, database: Database, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._entries: OrderedDict[bytes, tuple[float, Actor]] = OrderedDict()

    async def authenticate(self, authorization: str | None) -> Actor:
        """Return the actor of an `Authorization` header.

        Raises:
            UnauthenticatedError: The header contains no API key, or the key is unknown or revoked.
        """
        digest = hash_key(_read_bearer_token(authorization))
        entries = self._entries
        entry = entries.get(digest)
        if entry and entry[0] > time.monotonic():
            return entry[1]
        actor = await _find_actor(self._database, digest)
        entries[digest] = (time.monotonic() + self._seconds, actor)
        entries.move_to_end(digest)
        if len(entries) > MAX_CACHED_KEYS:
            entries.popitem(last=False)
        return actor

    def invalidate_tenant(self, tenant_id: uuid.UUID) -> None:
        """Remove the keys of a tenant from the cache, because their plugins or roles have changed.

        The cache is replaced, not changed: a query that is running may return an outdated actor, and
        `authenticate` then adds it to the discarded cache.
        """
        entries = ((key, entry) for key, entry in self._entries.items() if entry[1].tenant_id != tenant_id)
        self._entries = OrderedDict(entries)


def _read_bearer_token(authorization: str | None) -> str:
    scheme, _, secret = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise UnauthenticatedError(
            "The request contains no API key.", "Send it in the header `Authorization: Bearer KEY`."
        )
    return secret.strip()


async def _find_actor(database: Database, digest: bytes) -> Actor:
    async with database.shared_connection() as connection:
        cursor = await connection.execute(AUTHENTICATE, (digest,))
        row = await cursor.fetchone()
    if row is None:
        raise UnauthenticatedError(
            "The API key is unknown or revoked.", "Create a key with `tenure token create`."
        )
    tenant_id, key_id, role, origin, plugins = row
    return Actor(tenant_id, key_id, role, origin, plugins=frozenset(plugins))
