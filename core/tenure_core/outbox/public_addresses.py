"""Checks whether URLs and IP addresses belong to the public internet. No I/O.

Tenants choose the URLs of their webhooks, but the service connects to them from inside the operator's
network, where databases, administration pages and cloud metadata services trust every caller (server-side
request forgery). Messages are sent only to public addresses, unless the operator allows private addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from tenure_core.errors import TenureError

Address = IPv4Address | IPv6Address

GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The IPv6 addresses that are allocated for the internet (RFC 4291)."""

NAT64 = IPv6Network("64:ff9b::/96")
"""Addresses that gateways translate to the IPv4 address in their last 32 bits (RFC 6052)."""

IETF_PROTOCOLS = IPv4Network("192.0.0.0/24")
"""Reserved for protocols (RFC 6890); clouds use it for metadata. Older Pythons know only a part of it."""


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The addresses to which the operator allows messages to be sent.

    Args:
        private_allowed: Whether private addresses and plain HTTP are allowed.
        setting: The environment variable that allows them, for hints.
    """

    private_allowed: bool = False
    setting: str = ""

    @property
    def hint(self) -> str:
        """How to make a message deliverable."""
        operator = (
            f" The operator can allow private addresses with {self.setting}=true." if self.setting else ""
        )
        return f"Use an https URL that is reachable from the internet.{operator}"


class WebhookUrlError(TenureError):
    """A URL to which no message may be sent."""

    code = "WEBHOOK_URL"


def check_url(url: str, policy: AddressPolicy) -> None:
    """Check a URL without resolving its host; `PublicTransport` checks the resolved addresses.

    Args:
        url: The URL.
        policy: The allowed addresses.

    Raises:
        WebhookUrlError: No message may be sent to the URL.
    """
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise WebhookUrlError(
            "The URL contains a user or a password.",
            "Remove them: the receiver authenticates the sender by the signature.",
        )
    if policy.private_allowed:
        return
    if parts.scheme != "https":
        raise WebhookUrlError("The URL does not use https.", policy.hint)
    address = _parse_address(parts.hostname or "")
    if address and not is_public(address):
        raise WebhookUrlError(f"{address} is not a public address.", policy.hint)


def is_public(address: Address) -> bool:
    """Return whether an address, and the IPv4 address that it embeds, is a public unicast address."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and address not in IETF_PROTOCOLS
    if embedded := _embedded_ipv4(address):
        return is_public(embedded)
    return address.is_global and address in GLOBAL_UNICAST


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _parse_address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
