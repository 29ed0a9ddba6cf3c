"""Requests: what of a variable decides about a plan's shape is noted."""

from __future__ import annotations

from tenure_core.query.request import ShapeDependency, Variable, constant, identity, shape_value


def test_a_variable_whose_value_decides_is_observed() -> None:
    observed: set[ShapeDependency] = set()
    assert constant(Variable("size", 5, observed)) == 5
    assert observed == {ShapeDependency("size", identity)}


def test_a_variable_is_observed_by_no_more_than_decides() -> None:
    observed: set[ShapeDependency] = set()
    assert shape_value(Variable("text", "abc", observed), type) is str
    assert observed == {ShapeDependency("text", type)}


def test_a_variable_that_is_only_carried_is_not_observed() -> None:
    observed: set[ShapeDependency] = set()
    assert Variable("size", 5, observed).value == 5
    assert observed == set()


def test_what_is_no_variable_is_its_own_value() -> None:
    assert constant([1]) == [1]
    assert constant(None) is None


def test_variables_of_one_name_and_value_are_equal_whoever_observes_them() -> None:
    assert Variable("a", 1, set()) == Variable("a", 1, {ShapeDependency("b", identity)})
    assert Variable("a", 1, set()) != Variable("a", 2, set())
