"""The uninstallation must restore the schema of the database."""

from __future__ import annotations

from pathlib import Path

from tests.sdk.conformance.checks.migrated_plugin import add_revision, write_migrated_plugin

from tenure_sdk.conformance.checks.uninstall import check_uninstall
from tenure_sdk.conformance.fixtures.installation import Installation
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set

CREATE_FUNCTION = "CREATE FUNCTION thing_size() RETURNS int LANGUAGE sql AS 'SELECT 1'"


def test_a_plugin_that_undoes_its_migrations_passes(tmp_path: Path, url: str) -> None:
    plugin = write_migrated_plugin(tmp_path, url, "leaving", "LeavingThing", "    size: Mapped[int | None]\n")
    add_revision(plugin, "0002", "0001", CREATE_FUNCTION, "DROP FUNCTION thing_size()")
    assert list(check_uninstall(Installation(url, load_plugin_set(plugin, [])))) == []


def test_a_function_that_remains_is_reported(tmp_path: Path, url: str) -> None:
    plugin = write_migrated_plugin(tmp_path, url, "staying", "StayingThing", "")
    add_revision(plugin, "0002", "0001", CREATE_FUNCTION, "SELECT 1")
    [finding] = check_uninstall(Installation(url, load_plugin_set(plugin, [])))
    assert "thing_size" in finding.message
    assert "downgrade()" in finding.hint
