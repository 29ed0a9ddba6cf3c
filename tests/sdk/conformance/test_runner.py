"""The whole check: a sound plugin passes; another is told what is wrong, check by check."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.sdk.conformance.garage_plugin import faulty, garage, sound

from tenure_core.migrate.autogenerate import write_revision
from tenure_sdk import Refusal
from tenure_sdk.conformance import check_plugin
from tenure_sdk.conformance.checks.breaking_changes import update
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set


def released(plugin: SimpleNamespace, folder: Path, server_url: str) -> SimpleNamespace:
    """A plugin in a file, with its first migration and the schema of its release beside it."""
    plugin.__file__ = str(folder / "plugin.py")
    company = load_plugin_set(plugin, [])
    write_revision(server_url, company.alone, "garage")
    update(company.loaded, company.additions)
    return plugin


async def test_a_sound_plugin_passes_every_check(tmp_path: Path, server_url: str) -> None:
    report = await check_plugin(released(sound(), tmp_path, server_url), server_url, [])
    assert report.sound, report
    assert list(report.proved) == [
        "start", "naming", "releases", "migrations", "uninstall", "answers", "statements", "tenants",
        "permissions", "on_change",
    ]  # fmt: skip
    assert "The plugin garage is sound" in str(report)


async def test_each_check_tells_what_it_finds(tmp_path: Path, server_url: str) -> None:
    report = await check_plugin(released(faulty(), tmp_path, server_url), server_url, [])
    assert {one.check for one in report.findings} == {
        "naming", "answers", "statements", "tenants", "permissions", "on_change",
    }  # fmt: skip
    assert len(str(report).splitlines()) < 60


async def test_a_plugin_that_does_not_start_is_not_looked_at_further(server_url: str) -> None:
    report = await check_plugin(garage(register_routes=lambda: 1 / 0), server_url, [])
    [found] = report.findings
    assert "ZeroDivisionError" in found.what
    assert list(report.proved) == ["start"]
    assert "FAIL  start" in str(report)


async def test_a_plugin_that_refuses_all_rows_is_told_so(tmp_path: Path, server_url: str) -> None:
    async def validate_write(context: Any, writes: Any) -> list[Refusal]:
        return [Refusal(row, ("plate",), "No car is good enough.") for row in writes.rows]

    plugin = released(garage(validate_write=validate_write), tmp_path, server_url)
    report = await check_plugin(plugin, server_url, [])
    [found] = report.findings
    assert found.check == "rows"
    assert "No car is good enough" in found.what
