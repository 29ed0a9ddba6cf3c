"""Webhooks: signed as receivers check it, sent by a process that serves, and to the public internet alone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpcore
import pytest

from tenure_manufacturing.webhooks import DeliveryRejectedError, NotOpenError, Receiver, Webhooks, signature

from .conftest import NOW
from .listening import Listener

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PRIVATE = "TENURE_MANUFACTURING_PRIVATE_WEBHOOKS"


@pytest.fixture
async def open_webhooks(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Webhooks]:
    """Webhooks of an operator who allows private addresses."""
    monkeypatch.setenv(PRIVATE, "true")
    webhooks = Webhooks()
    await webhooks.open()
    yield webhooks
    await webhooks.close()


@pytest.fixture
async def guarded(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Webhooks]:
    """Webhooks as they are where the operator says nothing."""
    monkeypatch.delenv(PRIVATE, raising=False)
    webhooks = Webhooks()
    await webhooks.open()
    yield webhooks
    await webhooks.close()


async def refused(webhooks: Webhooks, url: str) -> str:
    with pytest.raises(DeliveryRejectedError) as failure:
        await webhooks.send(Receiver(url, SECRET), "1", NOW, {})
    return str(failure.value)


def test_the_signature_is_that_of_the_specification() -> None:
    body = b'{"test": 2432232314}'
    signed = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_nothing_is_sent_before_the_start_and_after_the_end() -> None:
    webhooks, receiver = Webhooks(), Receiver("https://127.0.0.1:9", "")
    with pytest.raises(NotOpenError):
        await webhooks.send(receiver, "1", NOW, {})
    await webhooks.open()
    await webhooks.close()
    with pytest.raises(NotOpenError):
        await webhooks.send(receiver, "1", NOW, {})


async def test_it_stays_open_for_those_who_go_on_where_several_serve_in_one_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(PRIVATE, "true")
    webhooks, nobody = Webhooks(), Receiver("http://127.0.0.1:9", "")
    await webhooks.open()
    await webhooks.open()
    await webhooks.close()
    with pytest.raises(DeliveryRejectedError) as refused:
        await webhooks.send(nobody, "1", NOW, {})
    assert isinstance(refused.value.__cause__, httpcore.ConnectError)
    await webhooks.close()
    with pytest.raises(NotOpenError):
        await webhooks.send(nobody, "1", NOW, {})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_message_arrives_at_a_private_address_where_the_operator_allows_that(
    open_webhooks: Webhooks, listener: Listener, host: str
) -> None:
    url = f"http://{host}:{listener.server_port}/hook?of=acme"
    await open_webhooks.send(Receiver(url, SECRET), "msg_1", NOW, {"type": "test"})
    [(path, headers, body)] = listener.received
    assert (path, headers["host"], body) == ("/hook?of=acme", url.split("/")[2], b'{"type":"test"}')
    stamp = headers["webhook-timestamp"]
    assert headers["webhook-signature"] == signature(SECRET, "msg_1", stamp, body)


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
async def test_nobody_is_told_at_a_private_address_unless_the_operator_allows_that(
    guarded: Webhooks, listener: Listener, host: str
) -> None:
    reason = await refused(guarded, f"https://{host}:{listener.server_port}/hook")
    assert "of the public internet" in reason
    assert f"{PRIVATE}=true" in reason
    assert listener.connections == 0


async def test_nobody_is_told_by_plain_http_unless_the_operator_allows_that(guarded: Webhooks) -> None:
    reason = await refused(guarded, "http://hooks.example/")
    assert "by https only" in reason
    assert f"{PRIVATE}=true" in reason


async def test_a_redirection_is_not_followed(open_webhooks: Webhooks, listener: Listener) -> None:
    listener.answers, listener.location = [307], f"{listener.url}/elsewhere"
    assert "answers with the status 307" in await refused(open_webhooks, listener.url)
    assert [path for path, *_ in listener.received] == ["/hook"]


async def test_a_name_is_looked_up_once_and_what_was_looked_at_is_connected_to(
    open_webhooks: Webhooks, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def look_up(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", (("127.0.0.1", "127.0.0.9")[len(asked) - 1], port))
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    url = f"http://hooks.example:{listener.server_port}/hook"
    await open_webhooks.send(Receiver(url, SECRET), "1", NOW, {})
    assert asked == ["hooks.example"]
    [(_, headers, _)] = listener.received
    assert headers["host"] == f"hooks.example:{listener.server_port}"


async def test_a_name_with_one_private_address_is_not_connected_to(
    guarded: Webhooks, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look_up(host: str, port: int, **_: object) -> list[Any]:
        places = [("203.0.114.1", port), ("127.0.0.1", port)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place) for place in places]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    assert "not of the public internet" in await refused(guarded, "https://hooks.example/")
    assert listener.connections == 0


async def test_the_next_address_is_tried_where_the_first_does_not_answer(
    open_webhooks: Webhooks, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look_up(host: str, port: int, **_: object) -> list[Any]:
        places = [("127.0.0.9", port), ("127.0.0.1", port)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place) for place in places]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    url = f"http://hooks.example:{listener.server_port}/hook"
    await open_webhooks.send(Receiver(url, SECRET), "1", NOW, {})
    assert len(listener.received) == 1


async def test_a_name_that_nobody_knows_is_told_so(open_webhooks: Webhooks) -> None:
    assert "hooks.invalid is not known" in await refused(open_webhooks, "http://hooks.invalid/")


async def test_who_answers_drop_by_drop_holds_nobody_up(
    open_webhooks: Webhooks, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenure_manufacturing.webhooks.SECONDS", 0.5)
    listener.pause_seconds = 0.2
    assert "takes longer than" in await refused(open_webhooks, listener.url)
