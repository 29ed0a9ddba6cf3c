"""The commands of plugins: `tenure NAME ...`."""

from __future__ import annotations

import os

from tests.support.command_line import PluginShell, run_process


def test_a_plugin_command_runs_below_the_name_of_the_plugin(migrated_plugin: PluginShell) -> None:
    done = migrated_plugin.run("testfleet", "count", "--number", "3")
    assert (done.returncode, done.stdout) == (0, "There are 3 vehicles.\n")


def test_the_help_lists_the_plugin(migrated_plugin: PluginShell) -> None:
    assert "testfleet  Vehicles." in migrated_plugin.run("--help").stdout
    assert "Usage: tenure testfleet" in migrated_plugin.run("testfleet", "--help").stdout


def test_the_help_omits_plugins_that_cannot_be_loaded(migrated_plugin: PluginShell) -> None:
    done = migrated_plugin.run("--help", TENURE_PLUGINS_ALLOW="nonsense")
    assert done.returncode == 0
    assert "serve" in done.stdout
    assert "the commands of plugins are not listed. TENURE_PLUGINS_ALLOW" in done.stderr


def test_the_command_of_a_denied_plugin_is_rejected(migrated_plugin: PluginShell) -> None:
    denied = {"TENURE_PLUGINS_ALLOW": "", "TENURE_PLUGINS_DENY": "testfleet"}
    done = migrated_plugin.run("testfleet", "count", **denied)
    assert done.returncode == 3
    assert "The plugin testfleet is not loaded" in done.stderr


def test_a_built_in_command_does_not_load_plugins(migrated_plugin: PluginShell) -> None:
    broken = migrated_plugin.folder / "broken"
    (broken / "testfleet_plugin").mkdir(parents=True)
    (broken / "testfleet_plugin/__init__.py").write_text("raise ZeroDivisionError\n")
    path = f"{broken}{os.pathsep}{migrated_plugin.folder}"
    environment = migrated_plugin.environment | {"PYTHONPATH": path}
    done = run_process("ide", "--help", folder=migrated_plugin.folder, **environment)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_command_is_rejected(migrated_plugin: PluginShell) -> None:
    done = migrated_plugin.run("nonsense")
    assert done.returncode == 2
    assert "No such command 'nonsense'" in done.stderr
