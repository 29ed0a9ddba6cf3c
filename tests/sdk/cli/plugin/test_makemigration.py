"""`tenure plugin makemigration`. The fixture `migrated_plugin` generates and applies a first migration."""

from __future__ import annotations

from tests.support.command_line import PluginShell


def test_without_a_difference_no_migration_is_generated(migrated_plugin: PluginShell) -> None:
    done = migrated_plugin.run("plugin", "makemigration", "testfleet")
    assert done.stdout == "The migrations of testfleet match its entities: nothing to generate.\n"
