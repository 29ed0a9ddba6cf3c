"""`tenure plugin show`."""

from __future__ import annotations

from tests.support.command_line import PluginShell


def test_all_registrations_are_shown_without_a_database(migrated_plugin: PluginShell) -> None:
    unreachable = "postgresql://nobody@127.0.0.1:1/nothing"
    done = migrated_plugin.run("plugin", "show", "testfleet", DATABASE_URL=unreachable)
    for part in (
        "testfleet 1.2.0, for Tenure >=0.1",
        "FleetVan: A vehicle of a customer.",
        "driver: Drives vehicles.",
        "days_ahead: How many days ahead.",
        "Personal data\n    FleetVan.driver",
        "Root fields with resolvers: query\n    oldestVan\n",
    ):
        assert part in done.stdout


def test_an_unknown_plugin_is_rejected(migrated_plugin: PluginShell) -> None:
    done = migrated_plugin.run("plugin", "show", "nonsense")
    assert (done.returncode, done.stdout) == (3, "")
    assert "The plugin nonsense is not loaded" in done.stderr
