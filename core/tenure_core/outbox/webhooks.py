"""Webhooks: sends messages to other systems over HTTP, signed as in the Standard Webhooks specification.

A message may be delivered more than once with the same `webhook-id`; receivers use the id to ignore
duplicates. Redirects are not followed, and only the status of the response is read, so a response discloses
nothing about the operator's network.
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

from tenure_core.errors import TenureError
from tenure_core.outbox.public_addresses import AddressPolicy, WebhookUrlError, check_url

if TYPE_CHECKING:
    from httpcore import AsyncConnectionPool

SECRET_PREFIX = "whsec_"  # noqa: S105  # not a secret
TIMEOUT_SECONDS = 5.0
HINT = "Check the receiver. The message is sent again."


class WebhookClientClosedError(TenureError):
    """The client is used before `open` or after `close`."""

    code = "WEBHOOK_CLIENT_CLOSED"


class DeliveryRejectedError(TenureError):
    """The receiver did not accept a message."""

    code = "DELIVERY_REJECTED"


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """The receiver of messages.

    Args:
        url: The URL that messages are posted to.
        secret: The shared secret: base64, with the optional prefix `whsec_`.
    """

    url: str
    secret: str


class WebhookClient:
    """The HTTP client for webhooks of one process.

    Several components may open it; the last `close` closes it.
    """

    def __init__(self) -> None:
        self._pool: asyncio.Task[AsyncConnectionPool] | None = None
        self._users = 0
        self._policy = AddressPolicy()

    async def open(self, policy: AddressPolicy) -> None:
        """Allow messages to be sent. The connection pool is created by the first message, as it takes 0.2 s.

        Args:
            policy: The addresses to which messages may be sent.
        """
        self._policy = policy
        self._users += 1

    async def close(self) -> None:
        """Close the connection pool, unless another component still uses the client."""
        self._users -= 1
        if self._pool and self._users == 0:
            pool, self._pool = self._pool, None
            await (await pool).aclose()

    async def send(
        self, endpoint: WebhookEndpoint, message_id: str, sent_at: datetime, message: Mapping[str, object]
    ) -> None:
        """Send a message.

        Args:
            endpoint: The receiver.
            message_id: Unique id of the message; the same for every attempt.
            sent_at: The time of sending.
            message: The message, as a JSON object.

        Raises:
            DeliveryRejectedError: The URL is not allowed, the receiver does not respond within 5 seconds, or
                the status of its response is not 2xx.
            WebhookClientClosedError: The client is not open.
        """
        if self._users == 0:
            raise WebhookClientClosedError(
                "Webhooks are sent only by running services.", "Start `tenure serve` or `tenure worker`."
            )
        try:
            check_url(endpoint.url, self._policy)
        except WebhookUrlError as error:
            raise DeliveryRejectedError(f"No message is sent to {endpoint.url}: {error}") from error
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        await _post(
            await self._open_pool(), endpoint.url, body, _build_headers(endpoint, message_id, sent_at, body)
        )

    async def _open_pool(self) -> AsyncConnectionPool:
        if self._pool is None:
            self._pool = asyncio.create_task(asyncio.to_thread(_create_pool, self._policy))
        return await asyncio.shield(self._pool)


def _create_pool(policy: AddressPolicy) -> AsyncConnectionPool:
    from httpcore import AsyncConnectionPool
    from httpx import create_ssl_context

    from tenure_core.outbox.public_transport import PublicTransport

    return AsyncConnectionPool(
        create_ssl_context(), max_keepalive_connections=0, network_backend=PublicTransport(policy)
    )


def _build_headers(
    endpoint: WebhookEndpoint, message_id: str, sent_at: datetime, body: bytes
) -> dict[bytes | str, bytes | str]:
    timestamp = str(int(sent_at.timestamp()))
    return {
        "host": urlsplit(endpoint.url).netloc,
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign_message(endpoint.secret, message_id, timestamp, body),
    }


async def _post(
    pool: AsyncConnectionPool, url: str, body: bytes, headers: Mapping[bytes | str, bytes | str]
) -> None:
    from httpcore import NetworkError, ProtocolError

    try:
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            pool.stream("POST", url, content=body, headers=headers) as response,
        ):
            status = response.status
    except (NetworkError, ProtocolError) as error:
        raise DeliveryRejectedError(f"The webhook {url} cannot be reached: {error!r}.", HINT) from error
    except TimeoutError:
        raise DeliveryRejectedError(
            f"The webhook {url} did not respond within {TIMEOUT_SECONDS:.0f} seconds.", HINT
        ) from None
    except WebhookUrlError as error:
        raise DeliveryRejectedError(f"No message is sent to {url}: {error}") from error
    if not 200 <= status < 300:
        raise DeliveryRejectedError(f"The webhook {url} responded with status {status}.", HINT)


def sign_message(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a message, as in the Standard Webhooks specification.

    Args:
        secret: The shared secret: base64, with the optional prefix `whsec_`.
        message_id: Id of the message.
        timestamp: The time of sending, in seconds since 1970.
        body: Body of the request.
    """
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signature = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signature).decode()}"
