"""Migrations that fail, lose data, or do not match the entities are reported."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from tests.sdk.conformance.checks.migrated_plugin import add_revision, write_migrated_plugin

from tenure_sdk.conformance.checks.migrations import check_migrations
from tenure_sdk.conformance.fixtures.installation import Installation
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set
from tenure_sdk.conformance.report import Finding


def findings_of(url: str, plugin: ModuleType) -> list[Finding]:
    return list(check_migrations(Installation(url, load_plugin_set(plugin, []))))


def test_valid_migrations_pass(tmp_path: Path, url: str) -> None:
    plugin = write_migrated_plugin(tmp_path, url, "valid", "ValidThing", "    size: Mapped[int | None]\n")
    add_revision(plugin, "0002", "0001", "CREATE INDEX ix_valid ON account (tier)", "DROP INDEX ix_valid")
    assert findings_of(url, plugin) == []


def test_a_downgrade_that_does_not_undo_the_upgrade_is_reported(tmp_path: Path, url: str) -> None:
    plugin = write_migrated_plugin(tmp_path, url, "lasting", "LastingThing", "")
    add_revision(plugin, "0002", "0001", "CREATE INDEX ix_lasting ON account (tier)", "SELECT 1")
    [finding] = findings_of(url, plugin)
    assert finding.where == "migration 0002"
    assert "differs from before upgrade(): added: index CREATE INDEX ix_lasting" in finding.message


def test_a_downgrade_that_fails_is_reported(tmp_path: Path, url: str) -> None:
    plugin = write_migrated_plugin(tmp_path, url, "oneway", "OnewayThing", "")
    add_revision(plugin, "0002", "0001", "SELECT 1", "SELECT 1 / 0")
    [finding] = findings_of(url, plugin)
    assert finding.where == "migration 0002"
    assert "downgrade() fails" in finding.message


def test_a_downgrade_that_loses_values_is_reported(tmp_path: Path, url: str) -> None:
    plugin = write_migrated_plugin(tmp_path, url, "losing", "LosingThing", "    size: Mapped[int | None]\n")
    add_revision(plugin, "0002", "0001", "SELECT 1", "UPDATE losing_thing SET size = NULL")
    [finding] = findings_of(url, plugin)
    assert "losing_thing.size changed in 3 of 3 rows" in finding.message


def test_an_upgrade_that_fails_on_existing_rows_is_reported(tmp_path: Path, url: str) -> None:
    plugin = write_migrated_plugin(tmp_path, url, "picky", "PickyThing", "    size: Mapped[int]\n")
    first = Path(str(plugin.__file__)).parent / "migrations"
    [revision] = first.glob("0001*.py")
    text = revision.read_text()
    lines = [line for line in text.splitlines() if "size integer" not in line]
    revision.write_text("\n".join(lines))
    add = "ALTER TABLE picky_thing ADD COLUMN size integer NOT NULL"
    add_revision(plugin, "0002", "0001", add, "ALTER TABLE picky_thing DROP COLUMN size")
    [finding] = findings_of(url, plugin)
    assert finding.where == "migration 0002"
    assert "upgrade() fails on tables that contain rows" in finding.message


def test_entities_without_migrations_are_reported(tmp_path: Path, url: str) -> None:
    plugin = write_migrated_plugin(tmp_path, url, "bare", "BareThing", "")
    for revision in (Path(str(plugin.__file__)).parent / "migrations").glob("*.py"):
        revision.unlink()
    [finding] = findings_of(url, plugin)
    assert "tenure plugin makemigration bare" in finding.hint


def test_columns_that_the_migrations_do_not_create_are_reported(tmp_path: Path, url: str) -> None:
    older = write_migrated_plugin(tmp_path, url, "lagging", "LaggingThing", "")
    (tmp_path / "newer").mkdir()
    newer = write_migrated_plugin(
        tmp_path / "newer", url, "lagging", "LaggingThing", "    size: Mapped[int | None]\n"
    )
    newer.__file__ = older.__file__
    [finding] = findings_of(url, newer)
    assert "Change lagging_thing" in finding.message


def test_a_table_without_row_level_security_is_reported(tmp_path: Path, url: str) -> None:
    plugin = write_migrated_plugin(tmp_path, url, "open", "OpenThing", "")
    unprotect = "ALTER TABLE open_thing DISABLE ROW LEVEL SECURITY"
    add_revision(plugin, "0002", "0001", unprotect, "ALTER TABLE open_thing ENABLE ROW LEVEL SECURITY")
    [finding] = findings_of(url, plugin)
    assert finding.where == "table open_thing"
    assert "tenure_enable_row_security" in finding.hint
