"""Manifests validate the name and the versions of a plugin."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.support.plugin_factory import plugin
from tests.support.registering_plugins import load_error

from tenure_core.errors import DeclarationError


def test_a_plugin_for_another_version_of_tenure_is_rejected_with_both_versions() -> None:
    message = load_error(plugin(tenure=">=99"))
    assert "fleet failed at startup: It supports Tenure >=99, but this is Tenure 0." in message
    assert "Install a version of the plugin that supports this version of Tenure" in message


@pytest.mark.parametrize("manifest", [{"version": "first"}, {"tenure": "the new one"}])
def test_an_invalid_version_is_rejected(manifest: dict[str, str]) -> None:
    with pytest.raises(DeclarationError, match=r"fleet has an invalid version.*PEP 440"):
        plugin(**manifest)


@pytest.mark.parametrize("name", ["Fleet", "fleet-cars", "f", "7up", ""])
def test_an_invalid_name_is_rejected(name: str) -> None:
    with pytest.raises(DeclarationError, match="is not a valid plugin name"):
        plugin(name)


def test_a_plugin_without_a_manifest_is_rejected() -> None:
    assert "has no MANIFEST" in load_error(SimpleNamespace())
