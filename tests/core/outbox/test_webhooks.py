"""Messages are signed, sent only while the client is open, and sent only to public addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpcore
import pytest

from tenure_core.outbox.public_addresses import AddressPolicy
from tenure_core.outbox.webhooks import (
    DeliveryRejectedError,
    WebhookClient,
    WebhookClientClosedError,
    WebhookEndpoint,
    sign_message,
)
from tenure_sdk.testing.webhook_receiver import WebhookReceiver

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
async def unrestricted_client() -> AsyncIterator[WebhookClient]:
    """A client of an operator who allows private addresses."""
    client = WebhookClient()
    await client.open(AddressPolicy(private_allowed=True))
    yield client
    await client.close()


@pytest.fixture
async def restricted_client() -> AsyncIterator[WebhookClient]:
    """A client with the default settings."""
    client = WebhookClient()
    await client.open(AddressPolicy(setting="ALLOW_PRIVATE"))
    yield client
    await client.close()


async def send(client: WebhookClient, url: str) -> None:
    await client.send(WebhookEndpoint(url, SECRET), "1", NOW, {})


async def rejection(client: WebhookClient, url: str) -> str:
    with pytest.raises(DeliveryRejectedError) as failure:
        await send(client, url)
    return str(failure.value)


def test_the_signature_is_that_of_the_specification() -> None:
    body = b'{"test": 2432232314}'
    signature = sign_message(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_nothing_is_sent_before_open_and_after_close() -> None:
    client = WebhookClient()
    with pytest.raises(WebhookClientClosedError):
        await send(client, "https://127.0.0.1:9")
    await client.open(AddressPolicy(setting="ALLOW_PRIVATE"))
    await client.close()
    with pytest.raises(WebhookClientClosedError):
        await send(client, "https://127.0.0.1:9")


async def test_the_client_stays_open_until_the_last_user_closes_it() -> None:
    client = WebhookClient()
    await client.open(AddressPolicy(private_allowed=True))
    await client.open(AddressPolicy(private_allowed=True))
    await client.close()
    with pytest.raises(DeliveryRejectedError) as failure:
        await send(client, "http://127.0.0.1:9")
    assert isinstance(failure.value.__cause__, httpcore.ConnectError)
    await client.close()
    with pytest.raises(WebhookClientClosedError):
        await send(client, "http://127.0.0.1:9")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_message_is_sent_to_a_private_address_if_the_operator_allows_it(
    unrestricted_client: WebhookClient, receiver: WebhookReceiver, host: str
) -> None:
    url = f"http://{host}:{receiver.server_port}/hook?of=acme"
    await unrestricted_client.send(WebhookEndpoint(url, SECRET), "msg_1", NOW, {"type": "test"})
    [(path, headers, body)] = receiver.requests
    assert (path, headers["host"], body) == ("/hook?of=acme", url.split("/")[2], b'{"type":"test"}')
    timestamp = headers["webhook-timestamp"]
    assert headers["webhook-signature"] == sign_message(SECRET, "msg_1", timestamp, body)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "169.254.169.254",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
    ],
)
async def test_nothing_is_sent_to_a_private_address_by_default(
    restricted_client: WebhookClient, receiver: WebhookReceiver, host: str
) -> None:
    message = await rejection(restricted_client, f"https://{host}:{receiver.server_port}/hook")
    assert "not a public address" in message or "an address that is not public" in message
    assert "ALLOW_PRIVATE=true" in message
    assert receiver.connections == 0


async def test_nothing_is_sent_over_plain_http_by_default(restricted_client: WebhookClient) -> None:
    assert "does not use https" in await rejection(restricted_client, "http://hooks.example/")


async def test_a_redirect_is_not_followed(
    unrestricted_client: WebhookClient, receiver: WebhookReceiver
) -> None:
    receiver.statuses, receiver.location = [307], f"{receiver.url}/elsewhere"
    assert "responded with status 307" in await rejection(unrestricted_client, receiver.url)
    assert [path for path, *_ in receiver.requests] == ["/hook"]


async def test_a_slow_receiver_is_cut_off_at_the_timeout(
    unrestricted_client: WebhookClient, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenure_core.outbox.webhooks.TIMEOUT_SECONDS", 0.5)
    receiver.header_pause_seconds = 0.2
    assert "did not respond within" in await rejection(unrestricted_client, receiver.url)
