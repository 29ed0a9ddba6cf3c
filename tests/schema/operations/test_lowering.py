"""Lowering: from GraphQL to what is asked by name, with nothing of GraphQL's left."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse
from tests.generated_queries.queries import SCHEMA

from tenure_core.errors import BadUserInputError
from tenure_core.query.request import SelectedField, ShapeDependency, Variable, identity
from tenure_schema.operations.lowering import InvalidVariablesError, Lowering, read_variables


def lowered(
    text: str, *, typed: bool = False, **given: Any
) -> tuple[tuple[SelectedField, ...], set[ShapeDependency]]:
    """Return the root fields of a document's only operation, and what of the variables was observed."""
    document = parse(text)
    [operation] = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    variables = read_variables(SCHEMA, operation, given)
    return Lowering(SCHEMA, fragments, variables, typed).roots(operation), variables.observed


def keys(field: SelectedField) -> list[str]:
    return [inner.key for inner in field.fields]


def test_a_field_has_its_alias_its_arguments_and_its_fields() -> None:
    [root], _ = lowered("{ all: accounts(first: 3) { total: totalCount } }")
    assert root == SelectedField(
        "all", "accounts", {"first": 3}, (SelectedField("total", "totalCount", {}, ()),)
    )


def test_fields_of_one_name_are_merged_in_the_order_of_the_first() -> None:
    text = """{ accounts { ...A totalCount ... { nodes { id } } } }
        fragment A on AccountConnection { nodes { name } }"""
    [root], _ = lowered(text)
    assert keys(root) == ["nodes", "totalCount"]
    assert keys(root.fields[0]) == ["name", "id"]


@pytest.mark.parametrize(("truth", "expected"), [(True, ["a"]), (False, ["b"])])
def test_what_is_skipped_is_not_there_and_its_variable_shapes_the_plan(
    truth: bool, expected: list[str]
) -> None:
    text = "query ($v: Boolean!) { a: __typename @include(if: $v) ... @skip(if: $v) { b: __typename } }"
    roots, observed = lowered(text, v=truth)
    assert [root.key for root in roots] == expected
    assert observed == {ShapeDependency("v", identity)}


def test_fields_of_an_interface_are_lowered_for_each_entity() -> None:
    [root], _ = lowered('{ node(id: "1") { id ... on Account { name } } }')
    assert [(f.on, f.key) for f in root.fields] == [
        ("Account", "id"),
        ("Account", "name"),
        ("Contact", "id"),
        ("Activity", "id"),
    ]


def test_the_general_way_also_asks_for_the_type_of_an_interfaces_records() -> None:
    [root], _ = lowered('{ node(id: "1") { ... on Account { name } } }', typed=True)
    assert [(f.on, f.key) for f in root.fields] == [
        ("Account", "name"),
        ("Account", "__type"),
        ("Contact", "__type"),
        ("Activity", "__type"),
    ]


def test_a_scalar_variable_is_carried_and_another_shapes_the_plan() -> None:
    text = (
        "query ($id: ID!, $w: AccountFilter) { account(id: $id) { id } accounts(where: $w) { totalCount } }"
    )
    roots, observed = lowered(text, id="1", w={"name": {"eq": "a"}})
    assert roots[0].arguments == {"id": Variable("id", "1", set())}
    assert roots[1].arguments == {"where": {"name": {"eq": "a"}}}
    assert observed == {ShapeDependency("w", identity)}


def test_a_variable_that_is_left_out_leaves_its_argument_out() -> None:
    [root], _ = lowered(
        "query ($n: Int, $w: String) { accounts(first: $n, where: {name: {eq: $w}}) { totalCount } }"
    )
    assert root.arguments == {"where": {"name": {}}}


def test_a_variable_inside_of_a_json_literal_is_filled_in_and_shapes_the_plan() -> None:
    text = """query ($v: JSON, $no: JSON) {
        accounts(where: {attributes: {contains: {a: [$v], b: $no}}}) { totalCount }
    }"""
    [root], observed = lowered(text, v={"x": 1})
    where: Any = root.arguments["where"]
    assert where["attributes"]["contains"]["a"] == [{"x": 1}]
    assert ShapeDependency("v", identity) in observed
    assert Variable not in map(type, where["attributes"]["contains"].values())


def test_variables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidVariablesError, match=r"\$n"):
        lowered("query ($n: Int!) { accounts(first: $n) { totalCount } }", n="many")


def test_an_alias_that_postgres_would_cut_is_refused() -> None:
    assert lowered(f"{{ {'a' * 63}: __typename }}")
    with pytest.raises(BadUserInputError, match="64 characters"):
        lowered(f"{{ {'a' * 64}: __typename }}")
