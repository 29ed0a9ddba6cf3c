"""Public addresses: where a tenant may have messages sent to. Pure.

Tenants say where their webhooks lead, and we are the ones who go there: from within the operator's network,
where databases, administration pages and the cloud's metadata trust whoever asks. So we go to addresses of
the public internet alone, unless the operator allows others.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from tenure_sdk import TenureError

Address = IPv4Address | IPv6Address

GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that was given out for the internet (RFC 4291)."""

TRANSLATED = IPv6Network("64:ff9b::/96")
"""What gateways translate to the IPv4 address in its last 32 bits (RFC 6052)."""

PROTOCOLS = IPv4Network("192.0.0.0/24")
"""What protocols keep for themselves (RFC 6890), and a cloud its metadata; older Pythons know but a part."""

WHAT_TO_DO = (
    "give an https address that can be reached from the internet, "
    "or have the operator allow others with TENURE_MANUFACTURING_PRIVATE_WEBHOOKS=true"
)


class PrivateAddressError(TenureError):
    """A name that leads to an address which is not of the public internet."""


def is_public(address: Address) -> bool:
    """Return whether an address is one of the public internet, and what it is translated to as well."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and address not in PROTOCOLS
    if carried := _carried(address):
        return is_public(carried)
    return address.is_global and address in GLOBAL_UNICAST


def refused_url(url: str, *, private_allowed: bool) -> str | None:
    """Return why messages may not be sent to a URL, as far as it tells by itself; None where they may.

    What a name leads to is looked at where it is connected to: see `public_network`.

    Args:
        url: Where messages would be sent.
        private_allowed: Whether the operator allows private addresses and plain HTTP.
    """
    parts = urlsplit(url)
    if parts.username or parts.password:
        return "leave the user and the password out: receivers see by the signature who sends"
    if private_allowed:
        return None
    if parts.scheme != "https":
        return f"messages are sent by https only: {WHAT_TO_DO}"
    address = _literal(parts.hostname or "")
    if address and not is_public(address):
        return f"{address} is no address of the public internet: {WHAT_TO_DO}"
    return None


def _carried(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for."""
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
