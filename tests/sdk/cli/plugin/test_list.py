"""`tenure plugin list`."""

from __future__ import annotations

from tests.support.command_line import PluginShell


def test_loaded_plugins_are_listed(migrated_plugin: PluginShell) -> None:
    assert migrated_plugin.run("plugin", "list").stdout == "testfleet 1.2.0: Vehicles and their trips.\n"


def test_without_plugins_a_message_is_printed(migrated_plugin: PluginShell) -> None:
    done = migrated_plugin.run("plugin", "list", TENURE_PLUGINS_ALLOW="")
    assert done.stdout == "No plugin is installed and allowed.\n"
