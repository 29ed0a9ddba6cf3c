"""All checks of a plugin, from loading to `on_change`."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.sdk.conformance.garage_plugin import faulty_plugin, garage_plugin, valid_plugin

from tenure_core.migrate.autogenerate import write_revision
from tenure_sdk import RowError
from tenure_sdk.conformance import check_plugin
from tenure_sdk.conformance.checks.breaking_changes import update_released_schema
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set


def release(plugin: SimpleNamespace, folder: Path, server_url: str) -> SimpleNamespace:
    """Move a plugin into a file, with its first migration and the schema of its release."""
    plugin.__file__ = str(folder / "plugin.py")
    plugin_set = load_plugin_set(plugin, [])
    write_revision(server_url, plugin_set.alone, "garage")
    update_released_schema(plugin_set.loaded_plugin, plugin_set.additions)
    return plugin


async def test_a_valid_plugin_passes_all_checks(tmp_path: Path, server_url: str) -> None:
    report = await check_plugin(release(valid_plugin(), tmp_path, server_url), server_url, [])
    assert report.passed, report
    assert list(report.scopes) == [
        "loading", "naming", "compatibility", "migrations", "uninstall", "execution", "statements",
        "isolation", "permissions", "on_change",
    ]  # fmt: skip
    assert all(report.scopes.values())
    assert "The plugin garage passed all checks" in str(report)


async def test_each_check_reports_its_findings(tmp_path: Path, server_url: str) -> None:
    report = await check_plugin(release(faulty_plugin(), tmp_path, server_url), server_url, [])
    assert {finding.check for finding in report.findings} == {
        "naming", "execution", "statements", "isolation", "permissions", "on_change",
    }  # fmt: skip
    assert len(str(report).splitlines()) < 60


async def test_a_plugin_that_does_not_load_is_not_checked_further(server_url: str) -> None:
    report = await check_plugin(garage_plugin(register_routes=lambda: 1 / 0), server_url, [])
    [finding] = report.findings
    assert "ZeroDivisionError" in finding.message
    assert list(report.scopes) == ["loading"]
    assert "FAIL  loading" in str(report)


async def test_a_plugin_that_rejects_all_sample_rows_is_reported(tmp_path: Path, server_url: str) -> None:
    async def validate_write(context: Any, writes: Any) -> list[RowError]:
        return [RowError(row, ("plate",), "No car is allowed.") for row in writes.rows]

    plugin = release(garage_plugin(validate_write=validate_write), tmp_path, server_url)
    report = await check_plugin(plugin, server_url, [])
    [finding] = report.findings
    assert finding.check == "sample rows"
    assert "No car is allowed" in finding.message
