"""Asking a Tenure that has the plugin of `desk`, the short way and the general one."""

from __future__ import annotations

from typing import Any

import orjson

from tenure_core.access.identity import Actor
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.http.timing import Timing
from tenure_schema.operations.executor import Executor


class Desk:
    """Asks as one actor.

    Args:
        execution: What answers.
        actor: Who asks.
    """

    def __init__(self, execution: Executor, actor: Actor) -> None:
        self.execution = execution
        self.actor = actor

    async def ask(self, query: str, key: str | None = None, **variables: Any) -> Any:
        """Return the whole response; `key` is an idempotency key."""
        question = GraphQLRequest(query, variables, idempotency_key=key)
        response = await self.execution.execute(question, self.actor, "test", Timing())
        return orjson.loads(orjson.dumps(response))

    async def generally(self, query: str, **variables: Any) -> Any:
        """Return the whole response of the general way."""
        response = await self.execution.execute_with_resolvers(
            GraphQLRequest(query, variables), self.actor, "test"
        )
        return orjson.loads(orjson.dumps(response))

    async def both_ways(self, query: str, **variables: Any) -> Any:
        """Ask both ways, and return the response, which is the same."""
        short = await self.ask(query, **variables)
        assert await self.generally(query, **variables) == short
        return short

    async def create(self, **values: Any) -> str:
        """Create an account, and return its id."""
        found = await self.ask(
            "mutation ($input: AccountCreateInput!) { accountCreate(input: $input) { account { id } } }",
            input={"name": "a", **values},
        )
        identity: str = found["data"]["accountCreate"]["account"]["id"]
        return identity

    async def contact(self, account: str) -> None:
        """Create a contact at an account."""
        await self.ask(
            "mutation ($input: ContactCreateInput!) { contactCreate(input: $input) { userErrors { code } } }",
            input={"lastName": "Lovelace", "account": {"id": account}},
        )
