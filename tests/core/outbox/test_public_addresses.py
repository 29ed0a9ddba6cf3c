"""Private addresses are recognized in all their notations."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from tenure_core.outbox.public_addresses import AddressPolicy, WebhookUrlError, check_url, is_public


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.7",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.192",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_a_private_address_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::"]
)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("private_allowed", [False, True])
def test_a_url_with_a_password_is_rejected_for_every_operator(private_allowed: bool) -> None:
    with pytest.raises(WebhookUrlError, match="user or a password"):
        check_url("https://user:word@hooks.example/", AddressPolicy(private_allowed))
