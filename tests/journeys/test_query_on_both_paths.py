"""A planned query, the resolvers of graphql-core, and a model in memory return the same response."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any

from graphql import print_schema
from hypothesis import HealthCheck, given, note, settings
from tests.generated_queries.model import Cursor, MemoryModel, row_of
from tests.generated_queries.queries import SCHEMA, Query, aggregate_queries, filter_queries, queries
from tests.generated_queries.query_runner import QueryRunner
from tests.generated_queries.sample import CATALOG, ROWS

EXAMPLES = int(os.environ.get("TENURE_TEST_EXAMPLES", "250"))
"""Number of generated queries per test; set some thousands for a long run."""

MODEL = MemoryModel(print_schema(SCHEMA), CATALOG, ROWS)


def find_difference(actual: Any, expected: Any, path: str = "data") -> str | None:
    """Return the first difference of two responses, including the order of fields; cursors by record."""
    if isinstance(expected, Cursor):
        return find_difference(row_of(actual), str(expected), path)
    if isinstance(expected, dict) and isinstance(actual, dict):
        if list(actual) != list(expected):
            return f"{path} has {list(actual)} instead of {list(expected)}"
        return _first(find_difference(actual[key], inner, f"{path}.{key}") for key, inner in expected.items())
    if isinstance(expected, list) and isinstance(actual, list) and len(actual) == len(expected):
        pairs = enumerate(zip(actual, expected, strict=True))
        return _first(find_difference(left, right, f"{path}[{i}]") for i, (left, right) in pairs)
    if (
        isinstance(expected, float)
        and isinstance(actual, int | float)
        and math.isclose(actual, expected, rel_tol=1e-12)
    ):
        return None
    return None if actual == expected else f"{path} is {actual!r} instead of {expected!r}"


def _first(differences: Iterator[str | None]) -> str | None:
    return next(filter(None, differences), None)


any_query = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@any_query
@given(query=queries(ROWS))
async def test_any_query_has_the_same_response_on_both_paths_and_in_the_model(
    sample_tenant: QueryRunner, query: Query
) -> None:
    query = await sample_tenant.with_cursors(query)
    note(query.text)
    note(repr(query.variables))
    planned = await sample_tenant.execute_planned(query)
    resolved = await sample_tenant.execute_with_resolvers(query)
    assert find_difference(planned, resolved, "planned") is None
    expected = MODEL.execute(query.text, query.variables, query.operation_name)
    assert find_difference(planned["data"], expected) is None


@any_query
@given(query=filter_queries(ROWS))
async def test_any_filter_returns_the_records_that_match_it(sample_tenant: QueryRunner, query: Query) -> None:
    response = await sample_tenant.execute_planned(query)
    assert find_difference(response["data"], MODEL.execute(query.text, query.variables)) is None


@any_query
@given(query=aggregate_queries(ROWS))
async def test_any_aggregate_returns_the_groups_and_measures_of_the_model(
    sample_tenant: QueryRunner, query: Query
) -> None:
    response = await sample_tenant.execute_planned(query)
    assert find_difference(response["data"], MODEL.execute(query.text, query.variables)) is None
