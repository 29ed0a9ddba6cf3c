"""Webhooks: tells other systems by HTTP, signed as the Standard Webhooks specification has it.

A message may come twice, with the same `webhook-id`: receivers take it once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx

from tenure_sdk import TenureError

PREFIX = "whsec_"
SECONDS = 5.0
"""How long a receiver may take."""


class NotOpenError(TenureError):
    """The client for HTTP is asked for outside of a process that serves."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told.

    Args:
        url: Where.
        secret: What both sides know: base64 after `whsec_`.
    """

    url: str
    secret: str


class Webhooks:
    """The client for HTTP of one process, from its start to its end."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Open the client."""
        self._client = httpx.AsyncClient(timeout=SECONDS)

    async def close(self) -> None:
        """Close the client, where it is open."""
        if self._client:
            await self._client.aclose()
        self._client = None

    async def send(
        self, receiver: Receiver, message_id: str, at: datetime, message: Mapping[str, object]
    ) -> None:
        """Tell a receiver something.

        Args:
            receiver: Who is told.
            message_id: What names the message, so that it is taken once.
            at: When it is sent.
            message: What it says.

        Raises:
            httpx.HTTPError: The receiver can't be reached, or does not take it.
            NotOpenError: The process does not serve.
        """
        if self._client is None:
            raise NotOpenError("Webhooks are told by processes that serve.", "Start `tenure worker`.")
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        stamp = str(int(at.timestamp()))
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(receiver.secret, message_id, stamp, body),
        }
        answer = await self._client.post(receiver.url, content=body, headers=headers)
        answer.raise_for_status()


WEBHOOKS = Webhooks()
"""The client of this process: opened by `on_startup`, closed by `on_shutdown`."""


def signature(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    """Return what proves to a receiver who sent a message, and that it is whole.

    Args:
        secret: What both sides know: base64 after `whsec_`.
        message_id: What names the message.
        stamp: When it was sent, in seconds since 1970.
        body: What it says.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"
