"""Answers to generated questions, by both ways that Tenure has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from tests.generated_queries.queries import CursorWanted, Question
from tests.generated_queries.sample import CATALOG

from tenure_core.access.identity import Actor
from tenure_schema.http import graphql_request as asked
from tenure_schema.http.timing import Timing
from tenure_schema.operations.executor import Executor

DELETED_OR_NOT = "or: [{deletedAt: {isNull: true}}, {deletedAt: {isNull: false}}]"


@dataclass(frozen=True)
class Answers:
    """What one actor is answered.

    Args:
        execution: What answers.
        actor: Who asks.
    """

    execution: Executor
    actor: Actor

    async def short(self, question: Question) -> Any:
        """Return the answer that PostgreSQL wrote."""
        response = await self.execution.execute(_sent(question), self.actor, "test", Timing())
        return orjson.loads(orjson.dumps(response))

    async def general(self, question: Question) -> Any:
        """Return the answer that graphql-core put together."""
        return await self.execution.execute_with_resolvers(_sent(question), self.actor, "test")

    async def with_cursors(self, question: Question) -> Question:
        """Return a question with the cursors that it sends back, asked for first."""
        return question.with_cursors({wanted.mark: await self.cursor(wanted) for wanted in question.cursors})

    async def cursor(self, wanted: CursorWanted) -> str:
        """Ask for the cursor of one record in an order."""
        entity = CATALOG[wanted.entity]
        text = f"""query ($id: ID!, $order: [{entity.name}Order!]) {{
            found: {entity.plural}(where: {{id: {{eq: $id}}, {DELETED_OR_NOT}}}, orderBy: $order) {{
                edges {{ cursor }}
            }}
        }}"""
        response = await self.short(Question(text, {"id": wanted.id, "order": wanted.order}))
        found: str = response["data"]["found"]["edges"][0]["cursor"]
        return found


def _sent(question: Question) -> asked.GraphQLRequest:
    return asked.GraphQLRequest(question.text, question.variables, question.operation_name)
