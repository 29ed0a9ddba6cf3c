"""Asking the API without HTTP: a question as an actor, answered as plain Python."""

from __future__ import annotations

from typing import Any

import orjson

from tenure_core.identity import Actor
from tenure_schema.execution import Execution
from tenure_schema.question import Question
from tenure_schema.timing import Timing


async def ask(execution: Execution, actor: Actor, query: str, **variables: Any) -> dict[str, Any]:
    """Return the whole response."""
    response = await execution.answer(Question(query, variables), actor, "test", Timing())
    plain: dict[str, Any] = orjson.loads(orjson.dumps(response))
    return plain
