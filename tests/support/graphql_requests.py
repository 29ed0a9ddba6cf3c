"""Asking the API without HTTP: a question as an actor, answered as plain Python."""

from __future__ import annotations

from typing import Any

import orjson

from tenure_core.access.identity import Actor
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.http.timing import Timing
from tenure_schema.operations.executor import Executor


async def ask(execution: Executor, actor: Actor, query: str, **variables: Any) -> dict[str, Any]:
    """Return the whole response."""
    response = await execution.execute(GraphQLRequest(query, variables), actor, "test", Timing())
    plain: dict[str, Any] = orjson.loads(orjson.dumps(response))
    return plain
