"""Executes GraphQL requests without HTTP."""

from __future__ import annotations

from typing import Any

import orjson

from tenure_core.access.identity import Actor
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.http.timing import Timing
from tenure_schema.operations.executor import Executor


async def execute_request(executor: Executor, actor: Actor, query: str, **variables: Any) -> dict[str, Any]:
    """Return the GraphQL response as plain Python values."""
    response = await executor.execute(GraphQLRequest(query, variables), actor, "test", Timing())
    decoded: dict[str, Any] = orjson.loads(orjson.dumps(response))
    return decoded
