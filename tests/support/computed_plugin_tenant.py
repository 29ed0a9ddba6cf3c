"""A tenant that has enabled the plugin of `computed_plugin`."""

from __future__ import annotations

from typing import Any

import orjson

from tenure_core.access.identity import Actor
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.http.timing import Timing
from tenure_schema.operations.executor import Executor

RENAME = """mutation ($id: ID!, $name: String!, $key: String) {
  deskRename(input: {id: $id, name: $name, idempotencyKey: $key}) {
    done again: replayed account { name version } userErrors { code path message }
  }
}"""


class PluginTenant:
    """Executes operations as one actor.

    Args:
        executor: The executor.
        actor: The actor.
    """

    def __init__(self, executor: Executor, actor: Actor) -> None:
        self.executor = executor
        self.actor = actor

    async def execute(self, query: str, key: str | None = None, **variables: Any) -> Any:
        """Return the response; `key` is an idempotency key."""
        request = GraphQLRequest(query, variables, idempotency_key=key)
        response = await self.executor.execute(request, self.actor, "test", Timing())
        return orjson.loads(orjson.dumps(response))

    async def execute_with_resolvers(self, query: str, **variables: Any) -> Any:
        """Return the response that graphql-core builds."""
        request = self.executor.prepare_request(GraphQLRequest(query, variables), self.actor, "test")
        response = await self.executor.execute_with_resolvers(request)
        return orjson.loads(orjson.dumps(response))

    async def execute_both_ways(self, query: str, **variables: Any) -> Any:
        """Check that both paths return the same response, and return it."""
        planned = await self.execute(query, **variables)
        assert await self.execute_with_resolvers(query, **variables) == planned
        return planned

    async def create(self, **values: Any) -> str:
        """Create an account and return its id."""
        response = await self.execute(
            "mutation ($input: AccountCreateInput!) { accountCreate(input: $input) { account { id } } }",
            input={"name": "a", **values},
        )
        id_: str = response["data"]["accountCreate"]["account"]["id"]
        return id_

    async def contact(self, account: str) -> None:
        """Create a contact of an account."""
        await self.execute(
            "mutation ($input: ContactCreateInput!) { contactCreate(input: $input) { userErrors { code } } }",
            input={"lastName": "Lovelace", "account": {"id": account}},
        )

    async def account_names(self) -> list[str]:
        """Return the names of all accounts."""
        response = await self.execute("{ accounts { nodes { name } } }")
        return [account["name"] for account in response["data"]["accounts"]["nodes"]]
