"""Changes that break clients of the last release are reported; additions are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.sdk.conformance.garage_plugin import garage_plugin

from tenure_sdk.conformance.checks.breaking_changes import (
    FILE,
    check_breaking_changes,
    update_released_schema,
)
from tenure_sdk.conformance.fixtures.added_schema import AddedSchema
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set

BASE = "type Query { accounts: Int } enum Kind { CALL }"
RELEASED = (
    "type Query { accounts: Int cars: [Car!] } enum Kind { CALL WASH } type Car { plate: String seats: Int }"
)


def additions(whole: str) -> AddedSchema:
    return AddedSchema(BASE, whole, {})


@pytest.fixture
def plugin(tmp_path: Path) -> Any:
    """The plugin as a module in a file, with the schema of its last release."""
    hooks = garage_plugin()
    hooks.__file__ = str(tmp_path / "plugin.py")
    loaded = load_plugin_set(hooks, []).loaded_plugin
    update_released_schema(loaded, additions(RELEASED))
    return loaded


def test_the_released_schema_contains_only_additions_of_the_plugin(plugin: Any, tmp_path: Path) -> None:
    text = (tmp_path / FILE).read_text()
    assert "extend type Query {\n  cars: [Car!]\n}" in text
    assert "extend enum Kind {\n  WASH\n}" in text
    assert "accounts" not in text


@pytest.mark.parametrize(
    "whole",
    [
        RELEASED,
        RELEASED.replace("seats: Int", "seats: Int doors: Int"),
        RELEASED.replace("CALL WASH", "CALL WASH REPAIR"),
    ],
)
def test_additions_are_not_reported(plugin: Any, whole: str) -> None:
    assert list(check_breaking_changes(plugin, additions(whole))) == []


def test_breaking_changes_of_the_core_are_not_reported(plugin: Any) -> None:
    base, whole = (text.replace("accounts: Int", "contacts: Int") for text in (BASE, RELEASED))
    assert list(check_breaking_changes(plugin, AddedSchema(base, whole, {}))) == []


@pytest.mark.parametrize(
    ("whole", "expected"),
    [
        (RELEASED.replace("seats: Int", ""), "Car.seats was removed"),
        (RELEASED.replace("seats: Int", "seats: String"), "Car.seats changed type"),
        (RELEASED.replace("CALL WASH", "CALL"), "Kind.WASH was removed"),
        (RELEASED.replace("cars: [Car!]", "car: Car"), "Query.cars was removed"),
    ],
)
def test_breaking_changes_are_reported(plugin: Any, whole: str, expected: str) -> None:
    assert any(expected in finding.message for finding in check_breaking_changes(plugin, additions(whole)))


def test_a_field_that_was_removed_from_all_types_is_one_finding(plugin: Any) -> None:
    derived = "input CarFilter { seats: Int } enum CarOrderField { PLATE SEATS }"
    update_released_schema(plugin, additions(f"{RELEASED} {derived}"))
    without = RELEASED.replace("seats: Int", "") + derived.replace("seats: Int", "plate: Int").replace(
        "SEATS", ""
    )
    assert [finding.message for finding in check_breaking_changes(plugin, additions(without))] == [
        "Field Car.seats was removed."
    ]


def test_a_plugin_that_adds_nothing_needs_no_released_schema(plugin: Any, tmp_path: Path) -> None:
    (tmp_path / FILE).unlink()
    assert list(check_breaking_changes(plugin, additions(BASE))) == []
    update_released_schema(plugin, additions(BASE))
    assert list(check_breaking_changes(plugin, additions(BASE))) == []


def test_a_missing_released_schema_is_reported_with_the_command_that_creates_it(
    plugin: Any, tmp_path: Path
) -> None:
    (tmp_path / FILE).unlink()
    [finding] = check_breaking_changes(plugin, additions(RELEASED))
    assert "--update-schema" in finding.hint


def test_an_invalid_released_schema_is_reported(plugin: Any, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("type Car {")
    [finding] = check_breaking_changes(plugin, additions(RELEASED))
    assert finding.where == FILE
