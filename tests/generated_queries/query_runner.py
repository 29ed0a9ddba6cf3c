"""Executes generated queries as one actor: planned, and with the resolvers of graphql-core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from tests.generated_queries.queries import Query, RecordCursor
from tests.generated_queries.sample import CATALOG

from tenure_core.access.identity import Actor
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.http.timing import Timing
from tenure_schema.operations.executor import Executor

DELETED_OR_NOT = "or: [{deletedAt: {isNull: true}}, {deletedAt: {isNull: false}}]"


@dataclass(frozen=True)
class QueryRunner:
    """Executes queries as one actor.

    Args:
        executor: The executor.
        actor: The actor.
    """

    executor: Executor
    actor: Actor

    async def execute_planned(self, query: Query) -> Any:
        """Return the response whose JSON PostgreSQL builds."""
        response = await self.executor.execute(_to_request(query), self.actor, "test", Timing())
        return orjson.loads(orjson.dumps(response))

    async def execute_with_resolvers(self, query: Query) -> Any:
        """Return the response that graphql-core builds."""
        request = self.executor.prepare_request(_to_request(query), self.actor, "test")
        return await self.executor.execute_with_resolvers(request)

    async def with_cursors(self, query: Query) -> Query:
        """Return a query with the cursors of its records, which are queried first."""
        return query.with_cursors({cursor.placeholder: await self.cursor(cursor) for cursor in query.cursors})

    async def cursor(self, cursor: RecordCursor) -> str:
        """Return the cursor of one record in an order."""
        entity = CATALOG[cursor.entity]
        text = f"""query ($id: ID!, $order: [{entity.name}Order!]) {{
            page: {entity.plural}(where: {{id: {{eq: $id}}, {DELETED_OR_NOT}}}, orderBy: $order) {{
                edges {{ cursor }}
            }}
        }}"""
        response = await self.execute_planned(Query(text, {"id": cursor.id, "order": cursor.order}))
        [edge] = response["data"]["page"]["edges"]
        encoded: str = edge["cursor"]
        return encoded


def _to_request(query: Query) -> GraphQLRequest:
    return GraphQLRequest(query.text, query.variables, query.operation_name)
