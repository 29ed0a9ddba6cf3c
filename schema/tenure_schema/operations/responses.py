"""Builds GraphQL responses from the results of root fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError

from tenure_core.query.batch_resolver import FieldFailure
from tenure_core.query.plan.placeholders import ResponsePath
from tenure_schema.errors import format_field_error
from tenure_schema.operations.prepared_operations import Prepared


def collect_values(prepared: Prepared, values: list[bytes]) -> dict[str, Any]:
    """Return the JSON of the statements by response key, in the order of the operation.

    Root fields without a statement are `__typename`.
    """
    data: dict[str, Any] = dict.fromkeys(prepared.keys, "Query")
    for (key, _, _), value in zip(prepared.statements, values, strict=True):
        data[key] = orjson.Fragment(value)
    return data


def merge_results(results: Mapping[str, ExecutionResult], request_id: str) -> dict[str, Any]:
    """Return the response of root fields that were executed one by one, by response key.

    If a non-null root field is null, the whole data is null (GraphQL specification, section 6.4.4).
    """
    errors = (error for result in results.values() for error in result.errors or ())
    if any(result.data is None for result in results.values()):
        return build_response(None, errors, request_id)
    data = {key: (result.data or {}).get(key) for key, result in results.items()}
    return build_response(data, errors, request_id)


def build_response(
    data: dict[str, Any] | None, errors: Iterable[GraphQLError], request_id: str
) -> dict[str, Any]:
    """Return a GraphQL response; without the key `errors` if there are none."""
    formatted = [format_field_error(error, request_id) for error in errors]
    return {"data": data, **({"errors": formatted} if formatted else {})}


def to_graphql_error(failure: FieldFailure, path: ResponsePath) -> GraphQLError:
    """Return the error of a batch field at its path in the response."""
    return GraphQLError(str(failure.error), path=path, original_error=failure.error)


def find_paths(value: object, record: object, path: ResponsePath = ()) -> Iterator[ResponsePath]:
    """Yield every path at which a record occurs in a payload."""
    if value is record:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from find_paths(item, record, (*path, key))
