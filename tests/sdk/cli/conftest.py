"""Fixtures that run the `tenure` command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.command_line import Done, PluginShell, Tenure, install_plugin, run_command

from tenure_core.access.api_keys import ensure_tenant
from tenure_core.postgres.scratch_database import scratch_database


@pytest.fixture
def tenure(tmp_path: Path, database_url: str) -> Tenure:
    """Runs the command on the test database; keyword arguments are environment variables."""

    def run(*arguments: str, **environment: str) -> Done:
        defaults = {"DATABASE_URL": database_url, "TENURE_HOME": str(tmp_path), "TENURE_PORT": "0"}
        return run_command(*arguments, folder=tmp_path, **defaults | environment)

    return run


@pytest.fixture(scope="session")
def plugin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the plugin `testfleet` is installed."""
    folder = tmp_path_factory.mktemp("installed")
    install_plugin(folder)
    return folder


@pytest.fixture(scope="session")
def migrated_plugin(server_url: str, plugin_folder: Path) -> Iterator[PluginShell]:
    """The plugin, with its generated migration applied to a database that has the tenant `acme`."""
    with scratch_database(server_url) as url:
        shell = PluginShell(plugin_folder, url)
        generated = shell.run("plugin", "makemigration", "testfleet", "-m", "Vehicles")
        assert generated.stdout == "Created testfleet_plugin/migrations/0001_vehicles.py\n", generated.stderr
        assert "testfleet 0001: Vehicles." in shell.run("migrate", "--plan").stdout
        migrated = shell.run("migrate")
        assert migrated.stdout.endswith("Applied testfleet 0001: Vehicles.\nThe database is up to date.\n"), (
            migrated.stderr
        )
        ensure_tenant(url, "acme")
        yield shell
