"""`tenure plugin enable` and `tenure plugin disable`."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from tests.support.command_line import PluginShell

from tenure_core.access.api_keys import ensure_tenant


@pytest.fixture
def tenant(migrated_plugin: PluginShell) -> str:
    name = f"tenant {uuid.uuid4()}"
    ensure_tenant(migrated_plugin.url, name)
    return name


def test_a_plugin_is_enabled_and_disabled_for_a_tenant(migrated_plugin: PluginShell, tenant: str) -> None:
    def list_state() -> str:
        return migrated_plugin.run("plugin", "list", "--tenant", tenant).stdout

    assert list_state() == "testfleet 1.2.0: LOADED, not enabled\n"
    enabled = migrated_plugin.run("plugin", "enable", "testfleet", "--tenant", tenant)
    assert enabled.stdout == f"testfleet is enabled for {tenant}.\n"
    assert "LOADED, enabled" in list_state()
    disabled = migrated_plugin.run("plugin", "disable", "testfleet", "--tenant", tenant)
    assert disabled.stdout == f"testfleet is disabled for {tenant}.\n"
    assert "not enabled" in list_state()


@pytest.mark.parametrize(
    ("plugin", "tenant_name", "message"),
    [
        ("nonsense", "acme", "The plugin nonsense is not loaded. Loaded plugins: testfleet."),
        ("testfleet", "nobody", "There is no tenant 'nobody'"),
    ],
)
def test_an_unknown_plugin_or_tenant_is_rejected(
    migrated_plugin: PluginShell, plugin: str, tenant_name: str, message: str
) -> None:
    done = migrated_plugin.run("plugin", "enable", plugin, "--tenant", tenant_name)
    assert (done.returncode, done.stdout) == (3, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_records_of_a_plugin_can_be_imported_once_it_is_enabled(
    migrated_plugin: PluginShell, tenant: str
) -> None:
    (migrated_plugin.folder / "vans.csv").write_text("no,plate\n1,B-TN 1\n")
    (migrated_plugin.folder / "vans.yaml").write_text("system: erp\nkey: no\nfields: {plate: plate}\n")
    command = ("import", "vans.csv", "--entity", "FleetVan", "--map", "vans.yaml", "--tenant", tenant)
    rejected = migrated_plugin.run(*command)
    assert rejected.returncode == 3
    assert "plugin testfleet" in rejected.stderr
    assert "not enabled" in rejected.stderr
    migrated_plugin.run("plugin", "enable", "testfleet", "--tenant", tenant)
    done = migrated_plugin.run(*command)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(migrated_plugin.url) as owner:
        [(plate,)] = owner.execute(
            "SELECT plate FROM fleet_van JOIN tenant ON tenant_id = tenant.id AND name = %s", (tenant,)
        )
    assert plate == "B-TN 1"
