"""Hosts are resolved once, and every resolved address is checked before a connection is made."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpcore
import pytest

from tenure_core.outbox.public_addresses import AddressPolicy, WebhookUrlError
from tenure_core.outbox.public_transport import PublicTransport
from tenure_sdk.testing.webhook_receiver import WebhookReceiver

UNRESTRICTED = AddressPolicy(private_allowed=True)


async def post(policy: AddressPolicy, url: str) -> int:
    """Post to a URL, and return the status of the response."""
    async with httpcore.AsyncConnectionPool(network_backend=PublicTransport(policy)) as pool:
        return (await pool.request("POST", url, content=b"{}")).status


def resolve_to(monkeypatch: pytest.MonkeyPatch, *lookups: list[str]) -> list[str]:
    """Let the resolver return the addresses of each lookup in turn; return the list of resolved hosts."""
    hosts: list[str] = []

    async def getaddrinfo(host: str, port: int, **_: object) -> list[Any]:
        hosts.append(host)
        addresses = lookups[len(hosts) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    return hosts


async def test_a_host_is_resolved_once_and_the_checked_address_is_used(
    receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = resolve_to(monkeypatch, ["127.0.0.1"], ["127.0.0.9"])
    assert await post(UNRESTRICTED, f"http://hooks.example:{receiver.server_port}/hook") == 204
    assert hosts == ["hooks.example"]
    [(_, headers, _)] = receiver.requests
    assert headers["host"] == f"hooks.example:{receiver.server_port}"


async def test_a_host_with_one_private_address_is_rejected(
    receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, ["203.0.114.1", "127.0.0.1"])
    with pytest.raises(WebhookUrlError, match="an address that is not public"):
        await post(AddressPolicy(), f"http://hooks.example:{receiver.server_port}/hook")
    assert receiver.connections == 0


async def test_the_next_address_is_used_if_the_first_does_not_accept_connections(
    receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, ["127.0.0.9", "127.0.0.1"])
    assert await post(UNRESTRICTED, f"http://hooks.example:{receiver.server_port}/hook") == 204
    assert len(receiver.requests) == 1


async def test_an_unknown_host_is_a_connection_error() -> None:
    with pytest.raises(httpcore.ConnectError, match=r"hooks\.invalid cannot be resolved"):
        await post(UNRESTRICTED, "http://hooks.invalid/")
