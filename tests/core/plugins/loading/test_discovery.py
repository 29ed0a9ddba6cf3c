"""Plugins of installed distributions are found by entry points; settings allow and deny them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tenure_core.errors import PluginError, SettingError
from tenure_core.plugins.host import load_host
from tenure_core.settings import Settings

MODULE = """
from tenure_core.plugins.manifest import Manifest

MANIFEST = Manifest(name="{name}", version="1.0.0", tenure=">=0.1", doc="A plugin.")
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution with one plugin, as pip does."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install_plugin(name: str, *, plugin: str = "", manifest: str = "", body: str = MODULE) -> None:
        plugin = plugin or name
        (tmp_path / f"test_only_{name}.py").write_text(body.format(name=manifest or plugin))
        info = tmp_path / f"test_only_{name}-1.0.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: test-only-{name}\nVersion: 1.0.0\n")
        (info / "entry_points.txt").write_text(f"[tenure.plugins]\n{plugin} = test_only_{name}\n")

    yield install_plugin
    for name in [name for name in sys.modules if name.startswith("test_only_")]:
        del sys.modules[name]


def load_names(allow: str | None, deny: str = "") -> list[str]:
    settings = Settings(plugins_allow=allow, plugins_deny=deny)  # type: ignore[arg-type]  # as the environment has it
    return [plugin.name for plugin in load_host(settings).plugins]


def test_installed_plugins_are_loaded(install: Install) -> None:
    install("beta")
    install("alpha")
    assert {"alpha", "beta"} <= set(load_names(None))


def test_only_allowed_plugins_are_loaded(install: Install) -> None:
    install("alpha")
    install("beta")
    assert load_names("beta") == ["beta"]
    assert load_names("beta, alpha") == ["alpha", "beta"]
    assert load_names("") == []


def test_a_denied_plugin_is_not_imported(install: Install) -> None:
    install("alpha")
    install("beta", body="raise ZeroDivisionError\n")
    assert "beta" not in load_names(None, deny="beta")


def test_a_plugin_that_is_allowed_and_denied_is_rejected(install: Install) -> None:
    install("alpha")
    with pytest.raises(SettingError, match=r"ALLOW and TENURE_PLUGINS_DENY both contain alpha.*one of them"):
        load_names("alpha", deny="alpha")


def test_an_allowed_plugin_that_is_not_installed_is_rejected_with_the_installed_ones(
    install: Install,
) -> None:
    install("alpha")
    with pytest.raises(
        SettingError, match=r"contains omega, which is not installed.*Installed plugins: .*alpha"
    ):
        load_names("omega")


def test_two_distributions_with_the_same_plugin_are_rejected_with_both_names(install: Install) -> None:
    install("alpha")
    install("beta", plugin="alpha")
    with pytest.raises(PluginError, match=r"contain the plugin alpha: test-only-.*Uninstall one"):
        load_names("alpha")


def test_an_entry_point_must_have_the_name_of_its_manifest(install: Install) -> None:
    install("alpha", manifest="omega")
    with pytest.raises(
        PluginError, match=r"entry point has the name alpha, but its manifest the name omega.*Use the same"
    ):
        load_names("alpha")


def test_a_plugin_that_cannot_be_imported_is_rejected_with_the_cause(install: Install) -> None:
    install("alpha", body="import nothing_of_this_name\n")
    with pytest.raises(PluginError, match=r"alpha failed at startup: ModuleNotFoundError: .*nothing_of"):
        load_names("alpha")


def test_importing_tenure_loads_no_plugin(install: Install, tmp_path: Path) -> None:
    install("alpha", body="raise ZeroDivisionError\n")
    program = "import tenure_core.plugins, tenure_schema.app, tenure_sdk.cli.app, tenure_sdk.api"
    environment = {"PYTHONPATH": str(tmp_path), "PATH": ""}
    process = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (0, "")
