"""The binder collects values apart from the plan, and reports the shape dependencies of variables."""

from __future__ import annotations

import pytest

from tenure_core.catalog.predicates import Param
from tenure_core.entities.scalar_types import INT, STRING
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan.binds import Binder, bind_values
from tenure_core.query.request import ShapeDependency, Variable, identity


def test_a_variable_whose_value_is_used_during_planning_is_a_dependency() -> None:
    binder = Binder()
    assert binder.constant(Variable("size", 5)) == 5
    assert binder.dependencies == {ShapeDependency("size", identity)}


def test_a_dependency_is_limited_to_the_property_that_planning_uses() -> None:
    binder = Binder()
    assert binder.shape_value(Variable("text", "abc"), type) is str
    assert binder.dependencies == {ShapeDependency("text", type)}


def test_a_bound_variable_is_not_a_dependency() -> None:
    binder = Binder()
    assert binder.add(INT, Variable("size", 5), "first") == Param(0, INT)
    assert binder.dependencies == set()
    assert bind_values(tuple(binder.binds), {"size": 7}) == [7]


def test_a_variable_inside_a_bound_list_is_a_dependency() -> None:
    binder = Binder()
    binder.add(STRING, ["a", Variable("b", "c")], "tags", many=True)
    assert binder.dependencies == {ShapeDependency("b", identity)}
    assert bind_values(tuple(binder.binds), {}) == [["a", "c"]]


def test_a_literal_value_is_not_a_dependency() -> None:
    binder = Binder()
    assert binder.constant([1]) == [1]
    assert binder.constant(None) is None
    assert binder.dependencies == set()


def test_a_value_of_the_wrong_type_is_rejected_with_its_path() -> None:
    with pytest.raises(BadUserInputError, match=r"accounts\.first: expected"):
        Binder().add(INT, "many", "accounts.first")
