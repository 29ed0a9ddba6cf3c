"""Responses: the data of root fields by response key in the order of the operation, and their errors."""

from __future__ import annotations

from typing import Any, cast

import orjson
from graphql import ExecutionResult, GraphQLError

from tenure_core.errors import ForbiddenError
from tenure_core.query.batch_resolver import FieldFailure
from tenure_core.query.plan.placeholders import Placeholder
from tenure_core.query.sql import Statement
from tenure_schema.operations.prepared_operations import Prepared
from tenure_schema.operations.responses import (
    build_response,
    collect_values,
    find_paths,
    merge_results,
    to_graphql_error,
)

STATEMENT = cast(Statement, None)
ERROR = GraphQLError("not valid", path=["b"])


def test_values_are_in_the_order_of_the_operation() -> None:
    prepared = Prepared(("a", "t", "b"), (("a", STATEMENT, ()), ("b", STATEMENT, ())), {}, frozenset())
    assert orjson.dumps(collect_values(prepared, [b"1", b'{"x": 2}'])) == b'{"a":1,"t":"Query","b":{"x": 2}}'


def test_errors_of_root_fields_are_merged() -> None:
    results = {"a": ExecutionResult({"a": 1}, None), "b": ExecutionResult({"b": None}, [ERROR])}
    response = merge_results(results, "request")
    assert response["data"] == {"a": 1, "b": None}
    [error] = response["errors"]
    assert (error["message"], error["path"], error["extensions"]["requestId"]) == (
        "not valid",
        ["b"],
        "request",
    )


def test_a_non_null_root_field_without_a_value_makes_the_data_null() -> None:
    results = {"a": ExecutionResult({"a": 1}, None), "b": ExecutionResult(None, [ERROR])}
    assert merge_results(results, "request")["data"] is None


def test_a_response_without_errors_has_no_key_for_them() -> None:
    assert build_response({"a": 1}, [], "request") == {"data": {"a": 1}}


def test_the_error_of_a_batch_field_has_its_code_and_path() -> None:
    failure = FieldFailure(cast(Placeholder, None), ForbiddenError("No access."))
    response = build_response({"a": None}, [to_graphql_error(failure, ("a", 0, "b"))], "request")
    [error] = response["errors"]
    assert (error["message"], error["path"], error["extensions"]["code"]) == (
        "No access.",
        ["a", 0, "b"],
        "FORBIDDEN",
    )


def test_a_record_is_found_at_every_path_by_identity() -> None:
    record: dict[str, Any] = {"id": 1}
    payload = {"a": record, "b": [{"c": record}, {"id": 1}], "d": "text"}
    assert list(find_paths(payload, record)) == [("a",), ("b", 0, "c")]
