"""Lowering returns the selected fields of an operation with their arguments."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse
from tests.generated_queries.queries import SCHEMA

from tenure_core.errors import BadUserInputError
from tenure_core.query.request import SelectedField, ShapeDependency, Variable, identity
from tenure_schema.operations.lowering import Lowering
from tenure_schema.operations.shape_dependencies import find_shape_dependencies
from tenure_schema.operations.variables import InvalidVariablesError, VariableReader


def lower(
    text: str, *, with_types: bool = False, **given: Any
) -> tuple[tuple[SelectedField, ...], frozenset[ShapeDependency]]:
    """Return the root fields of a document's only operation, and its shape dependencies."""
    document = parse(text)
    [operation] = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    variables = VariableReader(SCHEMA, operation).read(given)
    roots = Lowering(SCHEMA, fragments, variables, with_types).lower(operation)
    return roots, find_shape_dependencies(SCHEMA, operation, fragments.values())


def keys(field: SelectedField) -> list[str]:
    return [inner.key for inner in field.fields]


def test_a_field_has_its_alias_arguments_and_selections() -> None:
    [root], _ = lower("{ all: accounts(first: 3) { total: totalCount } }")
    assert root == SelectedField(
        "all", "accounts", {"first": 3}, (SelectedField("total", "totalCount", {}, ()),)
    )


def test_fields_with_the_same_key_are_merged_in_the_order_of_the_first() -> None:
    text = """{ accounts { ...A totalCount ... { nodes { id } } } }
        fragment A on AccountConnection { nodes { name } }"""
    [root], _ = lower(text)
    assert keys(root) == ["nodes", "totalCount"]
    assert keys(root.fields[0]) == ["name", "id"]


@pytest.mark.parametrize(("truth", "expected"), [(True, ["a"]), (False, ["b"])])
def test_a_skipped_field_is_missing_and_its_variable_shapes_the_plan(
    truth: bool, expected: list[str]
) -> None:
    text = "query ($v: Boolean!) { a: __typename @include(if: $v) ... @skip(if: $v) { b: __typename } }"
    roots, observed = lower(text, v=truth)
    assert [root.key for root in roots] == expected
    assert observed == {ShapeDependency("v", identity)}


def test_fields_of_an_interface_are_lowered_for_each_entity() -> None:
    [root], _ = lower('{ node(id: "1") { id ... on Account { name } } }')
    assert [(f.on, f.key) for f in root.fields] == [
        ("Account", "id"),
        ("Account", "name"),
        ("Contact", "id"),
        ("Activity", "id"),
    ]


def test_with_types_adds_the_type_of_records_of_an_interface() -> None:
    [root], _ = lower('{ node(id: "1") { ... on Account { name } } }', with_types=True)
    assert [(f.on, f.key) for f in root.fields] == [
        ("Account", "name"),
        ("Account", "__type"),
        ("Contact", "__type"),
        ("Activity", "__type"),
    ]


def test_a_scalar_variable_is_bound_and_an_object_shapes_the_plan() -> None:
    text = (
        "query ($id: ID!, $w: AccountFilter) { account(id: $id) { id } accounts(where: $w) { totalCount } }"
    )
    roots, observed = lower(text, id="1", w={"name": {"eq": "a"}})
    assert roots[0].arguments == {"id": Variable("id", "1")}
    assert roots[1].arguments == {"where": {"name": {"eq": "a"}}}
    assert observed == {ShapeDependency("w", identity)}


def test_an_argument_of_a_missing_variable_is_missing() -> None:
    [root], _ = lower(
        "query ($n: Int, $w: String) { accounts(first: $n, where: {name: {eq: $w}}) { totalCount } }"
    )
    assert root.arguments == {"where": {"name": {}}}


def test_a_variable_in_a_json_literal_is_inserted_and_shapes_the_plan() -> None:
    text = """query ($v: JSON, $no: JSON) {
        accounts(where: {attributes: {contains: {a: [$v], b: $no}}}) { totalCount }
    }"""
    [root], observed = lower(text, v={"x": 1})
    where: Any = root.arguments["where"]
    assert where["attributes"]["contains"]["a"] == [{"x": 1}]
    assert ShapeDependency("v", identity) in observed
    assert Variable not in map(type, where["attributes"]["contains"].values())


def test_invalid_variables_are_rejected() -> None:
    with pytest.raises(InvalidVariablesError, match=r"\$n"):
        lower("query ($n: Int!) { accounts(first: $n) { totalCount } }", n="many")


def test_an_alias_that_is_too_long_is_rejected() -> None:
    assert lower(f"{{ {'a' * 63}: __typename }}")
    with pytest.raises(BadUserInputError, match="64 characters"):
        lower(f"{{ {'a' * 64}: __typename }}")
