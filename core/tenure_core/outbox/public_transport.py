"""Network backend for HTTP clients that connects only to public addresses.

The host is resolved once, and the connection uses an address that was checked. A name server that first
returns a public address and then a private one (DNS rebinding) therefore has no effect.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from httpcore import SOCKET_OPTION, AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream, ConnectError

from tenure_core.outbox.public_addresses import Address, AddressPolicy, WebhookUrlError, is_public


class PublicTransport(AsyncNetworkBackend):
    """Connects only to the addresses that a policy allows.

    Args:
        policy: The allowed addresses.
    """

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._backend = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the signature of httpcore
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first address of a host that accepts the connection.

        Args:
            host: Host name or address.
            port: TCP port.
            timeout: Timeout per address, in seconds.
            local_address: Local address of the connection.
            socket_options: Options of the socket.

        Raises:
            WebhookUrlError: At least one address of the host is not public; no connection is made.
            ConnectError: The host is unknown, or none of its addresses accepts the connection.
        """
        addresses = await _resolve(host, port)
        if not self._policy.private_allowed and not all(map(is_public, addresses)):
            raise WebhookUrlError(f"{host} resolves to an address that is not public.", self._policy.hint)
        failure = ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._backend.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except ConnectError as error:
                failure = error
        raise failure


async def _resolve(host: str, port: int) -> Sequence[Address]:
    """Return the addresses of a host, in the order of preference."""
    try:
        infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectError(f"{host} cannot be resolved: {error}") from error
    return list(dict.fromkeys(ip_address(sockaddr[0]) for *_, sockaddr in infos))
