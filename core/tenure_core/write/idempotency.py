"""Idempotency records: the responses of writes that were sent with an idempotency key.

A record is stored in the transaction of the write, so that both are committed or neither. Of two concurrent
requests with the same key, the later one waits for the earlier one and returns its response.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import orjson

from tenure_core.access.identity import Actor
from tenure_core.entities.scalar_types import validate_text
from tenure_core.errors import BadUserInputError
from tenure_core.postgres.database import TenantConnection

MAX_KEY_CHARACTERS = 255


EXPIRE = """
DELETE FROM idempotency_record
WHERE tenant_id = %(tenant)s AND key = %(key)s AND created_at < now() - make_interval(days => %(days)s)
"""

CLAIM = """
INSERT INTO idempotency_record (tenant_id, key, request_hash) VALUES (%(tenant)s, %(key)s, %(hash)s)
ON CONFLICT DO NOTHING
"""
"""Adds a key; a second request with the same key waits here until the first one ends."""

READ = "SELECT request_hash, payload FROM idempotency_record WHERE tenant_id = %(tenant)s AND key = %(key)s"

STORE = """
UPDATE idempotency_record SET payload = %(payload)s::json WHERE tenant_id = %(tenant)s AND key = %(key)s
"""

RELEASE = "DELETE FROM idempotency_record WHERE tenant_id = %(tenant)s AND key = %(key)s"


class KeyReusedError(BadUserInputError):
    """The idempotency key was already used for another request."""

    code = "IDEMPOTENCY_KEY_REUSED"


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """The idempotency record of a request.

    Args:
        key: The idempotency key.
        request_hash: SHA-256 hash of the request; it must be the same if the key is used again.
        days: How many days the record is kept.
    """

    key: str
    request_hash: bytes
    days: int

    @classmethod
    def of(cls, key: object, request: object, days: int) -> IdempotencyRecord:
        """Return the idempotency record of a request.

        Args:
            key: The idempotency key as sent.
            request: JSON values that identify the request.
            days: How many days the record is kept.

        Raises:
            ValueError: The key is not text, empty, or too long.
            BadUserInputError: The request contains a value that JSON cannot represent.
        """
        text = validate_text(key)
        if not 0 < len(text) <= MAX_KEY_CHARACTERS or not text.strip():
            raise ValueError(f"an idempotency key must have 1 to {MAX_KEY_CHARACTERS} characters")
        try:
            document = orjson.dumps(request, default=str, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError as error:
            raise BadUserInputError(f"The input is not valid JSON: {error}.", "Correct the value.") from None
        return cls(text, hashlib.sha256(document).digest(), days)

    async def claim(self, connection: TenantConnection, actor: Actor) -> bytes | None:
        """Claim the key for this request.

        Returns:
            The response of the earlier request with this key, or None for a new key.

        Raises:
            KeyReusedError: The key was used for another request.
        """
        parameters = {**self._parameters(actor), "hash": self.request_hash, "days": self.days}
        await connection.execute(EXPIRE, parameters)
        cursor = await connection.execute(CLAIM, parameters)
        if cursor.rowcount:
            return None
        cursor = await connection.execute(READ, parameters)
        stored = await cursor.fetchone()
        if stored is None or stored[0] != self.request_hash:
            raise KeyReusedError(
                f"The idempotency key {self.key!r} was already used for another request.",
                "Use a new key for a new request.",
            )
        response: bytes = stored[1]
        return response

    async def store(self, connection: TenantConnection, actor: Actor, response: bytes) -> None:
        """Store the response."""
        parameters = {**self._parameters(actor), "payload": response.decode()}
        await connection.execute(STORE, parameters)

    async def release(self, connection: TenantConnection, actor: Actor) -> None:
        """Delete the record of a request that wrote nothing, so that it can be sent again."""
        await connection.execute(RELEASE, self._parameters(actor))

    def _parameters(self, actor: Actor) -> dict[str, object]:
        return {"tenant": actor.tenant_id, "key": self.key}
