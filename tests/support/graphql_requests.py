"""Asking the API without HTTP: a question as an actor, answered as plain Python."""

from __future__ import annotations

from typing import Any

import orjson

from tenure_core.access.identity import Actor
from tenure_schema.http.graphql_request import Question
from tenure_schema.http.timing import Timing
from tenure_schema.operations.executor import Execution


async def ask(execution: Execution, actor: Actor, query: str, **variables: Any) -> dict[str, Any]:
    """Return the whole response."""
    response = await execution.answer(Question(query, variables), actor, "test", Timing())
    plain: dict[str, Any] = orjson.loads(orjson.dumps(response))
    return plain
