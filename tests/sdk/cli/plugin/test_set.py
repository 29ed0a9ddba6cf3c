"""`tenure plugin set`."""

from __future__ import annotations

import psycopg
import pytest
from tests.support.command_line import PluginShell


def test_valid_settings_are_stored_and_invalid_ones_change_nothing(migrated_plugin: PluginShell) -> None:
    values = ("days_ahead=7", 'regions=["n"]')
    changed = migrated_plugin.run("plugin", "set", "testfleet", *values, "--tenant", "acme")
    assert changed.stdout == "Changed for acme: days_ahead, regions.\n", changed.stderr
    values = ("days_ahead=0", "regions=null")
    rejected = migrated_plugin.run("plugin", "set", "testfleet", *values, "--tenant", "acme")
    assert rejected.returncode == 1
    assert "days_ahead: Input should be greater than or equal to 1" in rejected.stderr
    with psycopg.connect(migrated_plugin.url) as owner:
        [(settings,)] = owner.execute(
            "SELECT settings FROM tenant_plugin JOIN tenant ON tenant.id = tenant_id WHERE name = 'acme'"
        )
    assert settings == {"days_ahead": "7", "regions": ["n"]}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("days_ahead", "'days_ahead' is not a setting. Write KEY=VALUE"),
        ("regions=[n", "The value of regions is not valid JSON"),
    ],
)
def test_a_malformed_setting_is_rejected(migrated_plugin: PluginShell, setting: str, message: str) -> None:
    done = migrated_plugin.run("plugin", "set", "testfleet", setting, "--tenant", "acme")
    assert (done.returncode, done.stdout) == (3, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
