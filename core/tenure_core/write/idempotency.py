"""Receipts: the answers of writes that came with an idempotency key, so that none is done twice.

A receipt is written in the transaction of the write itself: either both are there, or neither. Of two
requests with one key the later waits for the earlier, and then answers with its receipt.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import orjson

from tenure_core.access.identity import Actor
from tenure_core.entities.scalar_types import validate_text
from tenure_core.errors import BadUserInputError
from tenure_core.postgres.database import TenantConnection
from tenure_core.write import sql

KEY_CHARACTERS = 255


class KeyReusedError(BadUserInputError):
    """An idempotency key that came with another request before."""

    code = "IDEMPOTENCY_KEY_REUSED"


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """What one request is known by.

    Args:
        key: The key that its client chose.
        request_hash: What of the request must be the same for it to be the same request.
        days: How long it is kept.
    """

    key: str
    request_hash: bytes
    days: int

    @classmethod
    def of(cls, key: object, request: object, days: int) -> IdempotencyRecord:
        """Return the receipt of a request.

        Args:
            key: The key as it came.
            request: All that must be the same: JSON values.
            days: How long it is kept.

        Raises:
            ValueError: The key is no text, empty or too long.
            BadUserInputError: The request holds what JSON can't.
        """
        text = validate_text(key)
        if not 0 < len(text) <= KEY_CHARACTERS or not text.strip():
            raise ValueError(f"an idempotency key has 1 to {KEY_CHARACTERS} characters")
        try:
            written = orjson.dumps(request, default=str, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError as error:
            raise BadUserInputError(f"The input is no JSON: {error}.", "Correct the value.") from None
        return cls(text, hashlib.sha256(written).digest(), days)

    async def claim(self, connection: TenantConnection, actor: Actor) -> bytes | None:
        """Take the key for this request, and return the answer that it had before, or None where it is new.

        Raises:
            KeyReusedError: The key belongs to another request.
        """
        parameters = {**self._place(actor), "hash": self.request_hash, "days": self.days}
        await connection.execute(sql.EXPIRE_IDEMPOTENCY, parameters)
        cursor = await connection.execute(sql.CLAIM_IDEMPOTENCY, parameters)
        if cursor.rowcount:
            return None
        cursor = await connection.execute(sql.READ_IDEMPOTENCY, parameters)
        found = await cursor.fetchone()
        if found is None or found[0] != self.request_hash:
            raise KeyReusedError(
                f"The idempotency key {self.key!r} came with another request before.",
                "Use a new key for a new request.",
            )
        answer: bytes = found[1]
        return answer

    async def store(self, connection: TenantConnection, actor: Actor, answer: bytes) -> None:
        """Keep the answer, for when the request is repeated."""
        parameters = {**self._place(actor), "payload": answer.decode()}
        await connection.execute(sql.STORE_IDEMPOTENCY, parameters)

    async def release(self, connection: TenantConnection, actor: Actor) -> None:
        """Give the key back: the request has written nothing, so repeating it does no harm."""
        await connection.execute(sql.RELEASE_IDEMPOTENCY, self._place(actor))

    def _place(self, actor: Actor) -> dict[str, object]:
        return {"tenant": actor.tenant_id, "key": self.key}
