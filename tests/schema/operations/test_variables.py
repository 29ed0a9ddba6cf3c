"""Variables are coerced like graphql-core coerces them, except for the rows of bulk upserts."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, parse
from graphql.execution.values import get_variable_values
from hypothesis import given
from hypothesis import strategies as st
from tests.generated_queries.queries import SCHEMA

from tenure_core.query.request import Variable
from tenure_schema.operations.variables import InvalidVariablesError, VariableReader

SCALARS = """
    query ($id: ID!, $n: Int, $names: [String!], $flag: Boolean = true, $w: AccountFilter) { __typename }
"""
BULK = "mutation ($input: AccountBulkUpsertInput!) { __typename }"

VALUES = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=3) | st.floats()
GIVEN = st.dictionaries(
    st.sampled_from(["id", "n", "names", "flag", "w", "other"]),
    VALUES | st.lists(VALUES, max_size=2) | st.dictionaries(st.sampled_from(["name"]), VALUES, max_size=1),
)


def parse_operation(text: str) -> OperationDefinitionNode:
    [operation] = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def read(text: str, **values: Any) -> Any:
    return VariableReader(SCHEMA, parse_operation(text)).read(values)


@given(GIVEN)
def test_values_are_coerced_as_by_graphql_core(values: dict[str, Any]) -> None:
    operation = parse_operation(SCALARS)
    expected = get_variable_values(SCHEMA, operation.variable_definitions or (), values, max_errors=5)
    reader = VariableReader(SCHEMA, operation)
    if isinstance(expected, list):
        with pytest.raises(InvalidVariablesError):
            reader.read(values)
    else:
        assert reader.read(values).coerced == expected.coerced


@given(st.fixed_dictionaries({"id": VALUES, "n": VALUES}))
def test_scalars_are_coerced_as_by_graphql_core(values: dict[str, Any]) -> None:
    operation = parse_operation("query ($id: ID!, $n: Int) { __typename }")
    expected = get_variable_values(SCHEMA, operation.variable_definitions or (), values, max_errors=5)
    reader = VariableReader(SCHEMA, operation)
    if isinstance(expected, list):
        with pytest.raises(InvalidVariablesError):
            reader.read(values)
    else:
        assert reader.read(values).coerced == expected.coerced


def test_only_provided_scalars_are_tracked() -> None:
    tracked = read(SCALARS, id="1", n=None, w={"name": {"eq": "a"}}).tracked_values.coerced
    assert tracked == {
        "id": Variable("id", "1"),
        "n": None,
        "flag": Variable("flag", True),
        "w": {"name": {"eq": "a"}},
    }


def test_a_list_of_nullable_scalars_is_not_tracked_as_a_scalar() -> None:
    assert read("query ($ids: [ID]) { __typename }", ids=["1"]).tracked_values.coerced == {"ids": ["1"]}


@pytest.mark.parametrize("rows", [[{"unknown": 1}, 5], {"unknown": 1}])
def test_rows_of_a_bulk_upsert_are_not_coerced(rows: object) -> None:
    expected = rows if isinstance(rows, list) else [rows]
    assert read(BULK, input={"rows": rows}).coerced["input"]["rows"] == expected


def test_an_invalid_variable_is_rejected_without_suggestions() -> None:
    with pytest.raises(InvalidVariablesError, match=r"\$w") as rejected:
        read(SCALARS, id="1", w={"nam": {}})
    assert "Did you mean" not in str(rejected.value)
    assert not isinstance(rejected.value, GraphQLError)
