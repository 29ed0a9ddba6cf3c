"""Requests: what of a variable decides about a plan's shape is noted."""

from __future__ import annotations

from tenure_core.query.request import Trait, Variable, fixed, trait, whole


def test_a_variable_whose_value_decides_is_observed() -> None:
    observed: set[Trait] = set()
    assert fixed(Variable("size", 5, observed)) == 5
    assert observed == {Trait("size", whole)}


def test_a_variable_is_observed_by_no_more_than_decides() -> None:
    observed: set[Trait] = set()
    assert trait(Variable("text", "abc", observed), type) is str
    assert observed == {Trait("text", type)}


def test_a_variable_that_is_only_carried_is_not_observed() -> None:
    observed: set[Trait] = set()
    assert Variable("size", 5, observed).value == 5
    assert observed == set()


def test_what_is_no_variable_is_its_own_value() -> None:
    assert fixed([1]) == [1]
    assert fixed(None) is None


def test_variables_of_one_name_and_value_are_equal_whoever_observes_them() -> None:
    assert Variable("a", 1, set()) == Variable("a", 1, {Trait("b", whole)})
    assert Variable("a", 1, set()) != Variable("a", 2, set())
