"""The public network: connects to where a name leads after looking at it, and to nowhere else.

A name is looked up once, and the connection goes to an address that was looked at: who answers "203.0.113.7"
when it is checked can't answer "127.0.0.1" when it is connected to.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from httpcore import SOCKET_OPTION, AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream, ConnectError

from tenure_manufacturing.public_addresses import WHAT_TO_DO, Address, PrivateAddressError, is_public


class PublicNetwork(AsyncNetworkBackend):
    """Connects HTTP clients to addresses of the public internet alone.

    Args:
        private_allowed: Whether the operator allows all others, too.
    """

    def __init__(self, *, private_allowed: bool) -> None:
        self._private_allowed = private_allowed
        self._network = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # as the client says it
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first address of a host that answers.

        Args:
            host: A name or an address.
            port: Which port of it.
            timeout: How long each address may take, in seconds.
            local_address: Where the connection begins.
            socket_options: What the socket is set to.

        Raises:
            PrivateAddressError: One of its addresses is not public: none is connected to then.
            ConnectError: It is unknown, or none of its addresses answers.
        """
        addresses = await _addresses(host, port)
        if not self._private_allowed and not all(map(is_public, addresses)):
            raise PrivateAddressError(
                f"{host} leads to an address that is not of the public internet: {WHAT_TO_DO}."
            )
        failure = ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except ConnectError as error:
                failure = error
        raise failure


async def _addresses(host: str, port: int) -> Sequence[Address]:
    """Return where a host is found, the best address first."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectError(f"{host} is not known: {error}") from error
    return list(dict.fromkeys(ip_address(place[0]) for *_, place in found))
