"""Requests are values: two requests with equal fields and variables are equal."""

from __future__ import annotations

from tenure_core.query.request import SelectedField, ShapeDependency, Variable, identity


def test_variables_with_the_same_name_and_value_are_equal() -> None:
    assert Variable("a", 1) == Variable("a", 1)
    assert Variable("a", 1) != Variable("a", 2)


def test_shape_dependencies_are_equal_if_they_extract_the_same_property() -> None:
    assert ShapeDependency("a", identity) == ShapeDependency("a", identity)
    assert len({ShapeDependency("a", identity), ShapeDependency("a", type)}) == 2


def test_a_selected_field_is_on_no_particular_entity_by_default() -> None:
    assert SelectedField("all", "accounts", {}, ()).on is None
