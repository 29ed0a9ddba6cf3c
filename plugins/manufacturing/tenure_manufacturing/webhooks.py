"""Webhooks: tells other systems by HTTP, signed as the Standard Webhooks specification has it.

A message may come twice, with the same `webhook-id`: receivers take it once. Redirections are not followed,
and no answer is read beyond its status: nobody learns from it what else can be reached from here.
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
from urllib.parse import urlsplit

from tenure_manufacturing.operator_settings import OperatorSettings
from tenure_manufacturing.public_addresses import PrivateAddressError, refused_url
from tenure_sdk import TenureError

if TYPE_CHECKING:
    from httpcore import AsyncConnectionPool

PREFIX = "whsec_"
SECONDS = 5.0
"""How long a receiver may take."""

CHECK = "Look at the receiver; the message is sent again."


class NotOpenError(TenureError):
    """The client for HTTP is asked for outside of a process that serves."""


class DeliveryRejectedError(TenureError):
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
    """The client for HTTP of one process, from the first message on."""

    def __init__(self) -> None:
        self._opening: asyncio.Task[AsyncConnectionPool] | None = None
        self._users = 0
        self._private_allowed = False

    async def open(self) -> None:
        """Let messages be sent. The client is made with the first one: it would hold the start up for 0.2 s.

        Raises:
            ValidationError: An operator's setting is malformed.
        """
        self._private_allowed = OperatorSettings().private_webhooks
        self._users += 1

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
            NotTakenError: The receiver can't be reached, may not be, or does not take it.
            NotOpenError: The process does not serve.
        """
        if self._users == 0:
            raise NotOpenError("Webhooks are told by processes that serve.", "Start `tenure worker`.")
        if reason := refused_url(receiver.url, private_allowed=self._private_allowed):
            raise DeliveryRejectedError(f"The webhook {receiver.url} is not told: {reason}.")
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        stamp = str(int(at.timestamp()))
        headers: dict[bytes | str, bytes | str] = {
            "host": urlsplit(receiver.url).netloc,
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(receiver.secret, message_id, stamp, body),
        }
        await _post(await self._client(), receiver.url, body, headers)

    async def _client(self) -> AsyncConnectionPool:
        if self._opening is None:
            self._opening = asyncio.create_task(asyncio.to_thread(_new_client, self._private_allowed))
        return await asyncio.shield(self._opening)


WEBHOOKS = Webhooks()
"""The client of this process: opened by `on_startup`, closed by `on_shutdown`."""


def _new_client(private_allowed: bool) -> AsyncConnectionPool:
    from httpcore import AsyncConnectionPool
    from httpx import create_ssl_context

    from tenure_manufacturing.public_network import PublicNetwork

    network = PublicNetwork(private_allowed=private_allowed)
    return AsyncConnectionPool(create_ssl_context(), max_keepalive_connections=0, network_backend=network)


async def _post(
    client: AsyncConnectionPool, url: str, body: bytes, headers: Mapping[bytes | str, bytes | str]
) -> None:
    """Send a message and look at the status of the answer.

    Raises:
        NotTakenError: It does not say that the message was taken, or there is none in time.
    """
    from httpcore import NetworkError, ProtocolError

    try:
        async with (
            asyncio.timeout(SECONDS),
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            status = answer.status
    except (NetworkError, ProtocolError) as error:
        raise DeliveryRejectedError(f"The webhook {url} can't be told: {error!r}.", CHECK) from error
    except TimeoutError:
        raise DeliveryRejectedError(
            f"The webhook {url} takes longer than {SECONDS:.0f} seconds.", CHECK
        ) from None
    except PrivateAddressError as error:
        raise DeliveryRejectedError(f"The webhook {url} is not told: {error}") from error
    if not 200 <= status < 300:
        raise DeliveryRejectedError(f"The webhook {url} answers with the status {status}.", CHECK)


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
