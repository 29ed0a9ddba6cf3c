"""Identity: from an API key to the actor who sent it."""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

from tenure_core.errors import UnauthenticatedError
from tenure_core.postgres.database import Database

KEY_PREFIX = "tenure_"
CACHED_KEYS = 10_000
AUTHENTICATE = "SELECT tenant_id, key_id, role, origin, plugins FROM tenure_authenticate(%s)"


class Role(StrEnum):
    """What an actor may do: a READER reads, an ADMIN also writes. Plugins bring further roles."""

    ADMIN = "admin"
    READER = "reader"


@dataclass(frozen=True)
class Actor:
    """Who asks: one key of one tenant, with one role.

    Args:
        tenant_id: Whose data the actor sees.
        key_id: The key's identity, which the change table keeps.
        role: What the actor may do.
        origin: The system that the key belongs to.
        name: What the change table calls the actor; by default the key's identity.
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
        """What the change table calls the actor."""
        return self.name or str(self.key_id)


@dataclass(frozen=True)
class NewApiKey:
    """A key just made. The secret is nowhere else: the database keeps its hash.

    Args:
        secret: What the client sends as `Authorization: Bearer`.
        key_id: The key's identity.
        tenant_created: Whether the tenant is new, too.
    """

    secret: str
    key_id: uuid.UUID
    tenant_created: bool


def new_secret() -> str:
    """Return a fresh secret of 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def hash_key(secret: str) -> bytes:
    """Return what the database keeps of a secret; 256 random bits need no slow hash (NIST 800-63B)."""
    return hashlib.sha256(secret.encode()).digest()


class KeyCache:
    """Finds the actor of a key, and remembers it for a while so that a request costs no look-up.

    Args:
        database: Where the keys are.
        seconds: How long an answer is remembered: a revoked key works that long at most.
    """

    def __init__(self, database: Database, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._known: OrderedDict[bytes, tuple[float, Actor]] = OrderedDict()

    async def authenticate(self, authorization: str | None) -> Actor:
        """Return the actor of an Authorization header.

        Raises:
            UnauthenticatedError: There is no key in it, or none that is known and alive.
        """
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise UnauthenticatedError(
                "The request carries no API key.", "Send it as `Authorization: Bearer KEY`."
            )
        digest = hash_key(secret.strip())
        known = self._known
        found = known.get(digest)
        if found and found[0] > time.monotonic():
            return found[1]
        actor = await _look_up(self._database, digest)
        known[digest] = (time.monotonic() + self._seconds, actor)
        known.move_to_end(digest)
        if len(known) > CACHED_KEYS:
            known.popitem(last=False)
        return actor

    def invalidate_tenant(self, tenant_id: uuid.UUID) -> None:
        """Look the keys of a tenant up anew, because what they open has changed.

        A look-up that runs meanwhile may bring what was before: it writes to the old cache, which is left.
        """
        kept = {k: found for k, found in self._known.items() if found[1].tenant_id != tenant_id}
        self._known = OrderedDict(kept)


async def _look_up(database: Database, digest: bytes) -> Actor:
    async with database.shared_connection() as connection:
        cursor = await connection.execute(AUTHENTICATE, (digest,))
        row = await cursor.fetchone()
    if row is None:
        raise UnauthenticatedError(
            "The API key is unknown or revoked.", "Make one with `tenure token create`."
        )
    tenant_id, key_id, role, origin, plugins = row
    return Actor(tenant_id, key_id, role, origin, plugins=frozenset(plugins))
