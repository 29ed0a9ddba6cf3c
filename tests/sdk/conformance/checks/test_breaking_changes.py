"""Releases: what breaks clients of the last one is found; what only adds is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.sdk.conformance.garage_plugin import garage

from tenure_sdk.conformance.checks.breaking_changes import FILE, check_breaking_changes, update
from tenure_sdk.conformance.fixtures.added_schema import AddedSchema
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set

BASE = "type Query { accounts: Int } enum Kind { CALL }"
RELEASED = (
    "type Query { accounts: Int cars: [Car!] } enum Kind { CALL WASH } type Car { plate: String seats: Int }"
)


def added(whole: str) -> AddedSchema:
    return AddedSchema(BASE, whole, {})


@pytest.fixture
def plugin(tmp_path: Path) -> Any:
    """The plugin as a module in a file, with the schema of its last release beside it."""
    hooks = garage()
    hooks.__file__ = str(tmp_path / "plugin.py")
    loaded = load_plugin_set(hooks, []).loaded
    update(loaded, added(RELEASED))
    return loaded


def test_only_what_the_plugin_adds_is_kept(plugin: Any, tmp_path: Path) -> None:
    kept = (tmp_path / FILE).read_text()
    assert "extend type Query {\n  cars: [Car!]\n}" in kept
    assert "extend enum Kind {\n  WASH\n}" in kept
    assert "accounts" not in kept


@pytest.mark.parametrize(
    "whole",
    [
        RELEASED,
        RELEASED.replace("seats: Int", "seats: Int doors: Int"),
        RELEASED.replace("CALL WASH", "CALL WASH REPAIR"),
    ],
)
def test_what_was_released_and_more_breaks_nobody(plugin: Any, whole: str) -> None:
    assert list(check_breaking_changes(plugin, added(whole))) == []


def test_what_the_core_breaks_is_not_the_plugins_fault(plugin: Any) -> None:
    base, whole = (text.replace("accounts: Int", "contacts: Int") for text in (BASE, RELEASED))
    assert list(check_breaking_changes(plugin, AddedSchema(base, whole, {}))) == []


@pytest.mark.parametrize(
    ("whole", "wanted"),
    [
        (RELEASED.replace("seats: Int", ""), "Car.seats was removed"),
        (RELEASED.replace("seats: Int", "seats: String"), "Car.seats changed type"),
        (RELEASED.replace("CALL WASH", "CALL"), "Kind.WASH was removed"),
        (RELEASED.replace("cars: [Car!]", "car: Car"), "Query.cars was removed"),
    ],
)
def test_what_breaks_clients_is_named(plugin: Any, whole: str, wanted: str) -> None:
    assert any(wanted in one.what for one in check_breaking_changes(plugin, added(whole)))


def test_what_went_from_all_types_of_an_entity_is_told_of_once(plugin: Any) -> None:
    derived = "input CarFilter { seats: Int } enum CarOrderField { PLATE SEATS }"
    update(plugin, added(f"{RELEASED} {derived}"))
    without = RELEASED.replace("seats: Int", "") + derived.replace("seats: Int", "plate: Int").replace(
        "SEATS", ""
    )
    assert [one.what for one in check_breaking_changes(plugin, added(without))] == [
        "Field Car.seats was removed."
    ]


def test_a_plugin_that_adds_nothing_has_nothing_to_keep(plugin: Any, tmp_path: Path) -> None:
    (tmp_path / FILE).unlink()
    assert list(check_breaking_changes(plugin, added(BASE))) == []
    update(plugin, added(BASE))
    assert list(check_breaking_changes(plugin, added(BASE))) == []


def test_a_release_that_is_not_kept_is_named_with_the_command_that_keeps_it(
    plugin: Any, tmp_path: Path
) -> None:
    (tmp_path / FILE).unlink()
    [found] = check_breaking_changes(plugin, added(RELEASED))
    assert "--update-schema" in found.mend


def test_a_file_that_is_no_schema_is_named(plugin: Any, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("type Car {")
    [found] = check_breaking_changes(plugin, added(RELEASED))
    assert found.where == FILE
