"""Discovery: the plugins of installed distributions are found by entry points, and let in by settings."""

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
    """Install a distribution that brings one plugin, as pip leaves it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def installed(name: str, *, plugin: str = "", manifest: str = "", body: str = MODULE) -> None:
        plugin = plugin or name
        (tmp_path / f"test_only_{name}.py").write_text(body.format(name=manifest or plugin))
        info = tmp_path / f"test_only_{name}-1.0.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: test-only-{name}\nVersion: 1.0.0\n")
        (info / "entry_points.txt").write_text(f"[tenure.plugins]\n{plugin} = test_only_{name}\n")

    yield installed
    for name in [name for name in sys.modules if name.startswith("test_only_")]:
        del sys.modules[name]


def loaded(allow: str | None, deny: str = "") -> list[str]:
    settings = Settings(plugins_allow=allow, plugins_deny=deny)  # type: ignore[arg-type]  # as the environment has it
    return [plugin.name for plugin in load_host(settings).plugins]


def test_installed_plugins_are_loaded(install: Install) -> None:
    install("beta")
    install("alpha")
    assert {"alpha", "beta"} <= set(loaded(None))


def test_those_that_are_allowed_are_loaded_and_no_others(install: Install) -> None:
    install("alpha")
    install("beta")
    assert loaded("beta") == ["beta"]
    assert loaded("beta, alpha") == ["alpha", "beta"]
    assert loaded("") == []


def test_those_that_are_denied_are_not_even_imported(install: Install) -> None:
    install("alpha")
    install("beta", body="raise ZeroDivisionError\n")
    assert "beta" not in loaded(None, deny="beta")


def test_one_that_is_both_allowed_and_denied_is_asked_about(install: Install) -> None:
    install("alpha")
    with pytest.raises(SettingError, match=r"ALLOW and TENURE_PLUGINS_DENY both name alpha.*one of them"):
        loaded("alpha", deny="alpha")


def test_one_that_is_allowed_and_not_installed_is_named_with_those_that_are(install: Install) -> None:
    install("alpha")
    with pytest.raises(SettingError, match=r"names omega, which is not installed.*installed are: .*alpha"):
        loaded("omega")


def test_two_distributions_with_one_plugin_are_named(install: Install) -> None:
    install("alpha")
    install("beta", plugin="alpha")
    with pytest.raises(PluginError, match=r"plugin alpha is brought by .*test-only-.*Uninstall one"):
        loaded("alpha")


def test_an_entry_point_has_the_name_of_its_manifest(install: Install) -> None:
    install("alpha", manifest="omega")
    with pytest.raises(PluginError, match=r"entry point calls it alpha, .* manifest omega.*Use one"):
        loaded("alpha")


def test_a_plugin_that_can_not_be_imported_is_named_with_the_cause(install: Install) -> None:
    install("alpha", body="import nothing_of_this_name\n")
    with pytest.raises(PluginError, match=r"alpha failed at the start: ModuleNotFoundError: .*nothing_of"):
        loaded("alpha")


def test_nothing_is_loaded_where_tenure_is_imported(install: Install, tmp_path: Path) -> None:
    install("alpha", body="raise ZeroDivisionError\n")
    program = "import tenure_core.plugins, tenure_schema.app, tenure_sdk.cli.app, tenure_sdk.api"
    environment = {"PYTHONPATH": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
