"""`tenure plugin uninstall`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg
import pytest
from tests.support.command_line import PluginShell

from tenure_core.access.api_keys import ensure_tenant
from tenure_core.postgres.scratch_database import scratch_database


@pytest.fixture
def shell(migrated_plugin: PluginShell, server_url: str) -> Iterator[PluginShell]:
    """The plugin in a new database."""
    with scratch_database(server_url) as url:
        shell = PluginShell(migrated_plugin.folder, url)
        assert shell.run("migrate").returncode == 0
        yield shell


def test_a_folder_with_files_is_not_overwritten(migrated_plugin: PluginShell) -> None:
    folder = migrated_plugin.folder / "before"
    folder.mkdir()
    (folder / "acme.ndjson").write_text("An earlier export.")
    done = migrated_plugin.run("plugin", "uninstall", "testfleet", "--export", "before", "--yes")
    assert (done.returncode, "before is not empty" in done.stderr) == (3, True)
    assert (folder / "acme.ndjson").read_text() == "An earlier export."
    assert table_exists(migrated_plugin)


def test_an_unknown_plugin_is_rejected(migrated_plugin: PluginShell) -> None:
    done = migrated_plugin.run("plugin", "uninstall", "testflet")
    assert (done.stdout, "testflet is not loaded" in done.stderr) == ("", True)


def test_nothing_is_changed_without_confirmation(migrated_plugin: PluginShell) -> None:
    done = migrated_plugin.run("plugin", "uninstall", "testfleet")
    assert done.returncode == 1
    assert "Export the records of testfleet and drop its tables" in done.stdout
    assert table_exists(migrated_plugin)


def test_records_are_exported_and_tables_are_dropped(shell: PluginShell) -> None:
    tenant = ensure_tenant(shell.url, "acme")
    with psycopg.connect(shell.url) as owner:
        owner.execute("INSERT INTO fleet_van (tenant_id, plate) VALUES (%s, 'B-TN 1')", (tenant,))
    done = shell.run("plugin", "uninstall", "testfleet", "--export", "exported", "--yes")
    assert done.stdout.startswith(f"Exported exported/{tenant}.ndjson\n"), done.stderr
    assert "TENURE_PLUGINS_DENY=testfleet" in done.stdout
    [_, record, _] = (shell.folder / f"exported/{tenant}.ndjson").read_text().splitlines()
    assert json.loads(record)["data"]["plate"] == "B-TN 1"
    assert not table_exists(shell)
    assert "1 pending: run `tenure migrate`" in shell.run("doctor").stdout


def table_exists(shell: PluginShell) -> bool:
    with psycopg.connect(shell.url) as owner:
        [(exists,)] = owner.execute("SELECT to_regclass('fleet_van') IS NOT NULL")
    return bool(exists)
