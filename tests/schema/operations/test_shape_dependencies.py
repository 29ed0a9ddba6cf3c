"""The lowering depends on variables that are objects or lists, control a directive, or are in JSON."""

from __future__ import annotations

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse
from tests.generated_queries.queries import SCHEMA

from tenure_core.query.request import identity
from tenure_schema.operations.shape_dependencies import find_shape_dependencies


def dependencies(text: str) -> set[str]:
    """Return the names of the variables on which the only operation of a document depends."""
    definitions = parse(text).definitions
    [operation] = [d for d in definitions if isinstance(d, OperationDefinitionNode)]
    fragments = [d for d in definitions if isinstance(d, FragmentDefinitionNode)]
    results = find_shape_dependencies(SCHEMA, operation, fragments)
    assert all(dependency.extract is identity for dependency in results)
    return {dependency.name for dependency in results}


def test_a_scalar_variable_is_not_a_dependency() -> None:
    text = """query ($id: ID!, $name: String, $json: JSON) {
        account(id: $id) { id }
        accounts(where: {name: {in: [$name]}, attributes: {contains: $json}}) { totalCount }
    }"""
    assert dependencies(text) == set()


@pytest.mark.parametrize(
    ("declaration", "arguments"),
    [("$v: AccountFilter", "where: $v"), ("$v: [AccountOrder!]", "orderBy: $v")],
)
def test_an_object_or_a_list_is_a_dependency(declaration: str, arguments: str) -> None:
    assert dependencies(f"query ({declaration}) {{ accounts({arguments}) {{ totalCount }} }}") == {"v"}


@pytest.mark.parametrize("directive", ["@include(if: $v)", "@skip(if: $v)"])
def test_the_variable_of_a_directive_is_a_dependency(directive: str) -> None:
    assert dependencies(f"query ($v: Boolean!) {{ a: __typename {directive} b: __typename }}") == {"v"}


def test_the_variable_of_a_directive_in_a_fragment_is_a_dependency() -> None:
    text = """query ($v: Boolean!) { accounts { ...Page } }
        fragment Page on AccountConnection { nodes { id @include(if: $v) } totalCount }"""
    assert dependencies(text) == {"v"}


def test_a_variable_in_a_json_literal_is_a_dependency() -> None:
    text = """query ($in_list: JSON, $in_object: JSON, $bound: JSON) {
        accounts(where: {attributes: {
            contains: {a: [$in_list], b: {c: $in_object}}, at: {path: ["a"], eq: $bound}
        }}) { totalCount }
    }"""
    assert dependencies(text) == {"in_list", "in_object"}


def test_a_list_of_json_values_is_not_itself_a_json_literal() -> None:
    text = """query ($literal: JSON, $item: JSON!, $nested: JSON, $single: JSON) {
        a: accounts(where: {attributes: {contains: [$literal]}}) { totalCount }
        b: accounts(where: {attributes: {at: {path: ["a"], in: [$item, [$nested]]}}}) { totalCount }
        c: accounts(where: {attributes: {at: {path: ["a"], in: {a: $single}}}}) { totalCount }
    }"""
    assert dependencies(text) == {"literal", "nested", "single"}
