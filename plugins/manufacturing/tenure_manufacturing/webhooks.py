"""Webhooks: tells other systems by HTTP, signed as the Standard Webhooks specification has it.

A message may come twice, with the same `webhook-id`: receivers take it once.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tenure_sdk import TenureError

if TYPE_CHECKING:
    from httpx import AsyncClient

PREFIX = "whsec_"
SECONDS = 5.0
"""How long a receiver may take."""


class NotOpenError(TenureError):
    """The client for HTTP is asked for outside of a process that serves."""


class NotTakenError(TenureError):
    """A message that its receiver did not take."""


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
    """The client for HTTP of one process, from the first start in it to the last end."""

    def __init__(self) -> None:
        self._opening: asyncio.Task[AsyncClient] | None = None
        self._users = 0

    async def open(self) -> None:
        """Open the client, while the process goes on starting: reading certificates takes a while."""
        self._users += 1
        if self._opening is None:
            self._opening = asyncio.create_task(asyncio.to_thread(_new_client))

    async def close(self) -> None:
        """Close the client, where nobody else in the process has it open."""
        self._users -= 1
        if self._opening and self._users == 0:
            opened, self._opening = self._opening, None
            await (await opened).aclose()

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
            NotTakenError: The receiver can't be reached, or does not take it.
            NotOpenError: The process does not serve.
        """
        if self._opening is None:
            raise NotOpenError("Webhooks are told by processes that serve.", "Start `tenure worker`.")
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        stamp = str(int(at.timestamp()))
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(receiver.secret, message_id, stamp, body),
        }
        await _post(await self._opening, receiver.url, body, headers)


WEBHOOKS = Webhooks()
"""The client of this process: opened by `on_startup`, closed by `on_shutdown`."""


def _new_client() -> AsyncClient:
    from httpx import AsyncClient

    return AsyncClient(timeout=SECONDS)


async def _post(client: AsyncClient, url: str, body: bytes, headers: Mapping[str, str]) -> None:
    from httpx import HTTPError

    try:
        (await client.post(url, content=body, headers=headers)).raise_for_status()
    except HTTPError as error:
        raise NotTakenError(f"{url} does not take messages: {error!r}.", "Look at the receiver.") from error


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
