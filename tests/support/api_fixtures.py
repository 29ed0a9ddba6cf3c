"""What tests of the API stand on: execution over the real database, and the whole application over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from tests.generated_queries.responses import Answers
from tests.generated_queries.sample import CATALOG, ROWS, insert, sample
from tests.generated_queries.sample_computed import with_sample
from tests.support import computed_plugin, graphql_requests
from tests.support.actors import actor_in_fresh_tenant
from tests.support.computed_plugin_tenant import Desk

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Actor, Role
from tenure_core.plugins.host import Host, core_host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings
from tenure_schema.app import create_app
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.operations.executor import Executor

Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="session")
def execution(database: Database, settings: Settings) -> Executor:
    return Executor(core_host(), database, settings)


@pytest.fixture
def ask(execution: Executor, actor: Actor) -> Ask:
    """Ask a question the short way and return the response as plain Python; `as_` asks as another actor."""

    async def answer(query: str, as_: Actor = actor, **variables: Any) -> dict[str, Any]:
        return await graphql_requests.ask(execution, as_, query, **variables)

    return answer


@pytest.fixture
def ask_generally(execution: Executor, actor: Actor) -> Ask:
    """Ask a question the general way."""

    async def answer(query: str, as_: Actor = actor, **variables: Any) -> dict[str, Any]:
        return await execution.execute_with_resolvers(GraphQLRequest(query, variables), as_, "test")

    return answer


@pytest.fixture(scope="session")
async def app(settings: Settings, database_url: str) -> AsyncIterator[Starlette]:
    """The whole application, started."""
    built = create_app(settings, database_url)
    async with built.router.lifespan_context(built):
        yield built


@pytest.fixture
async def client(app: Starlette, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client with an administrator's key of a fresh tenant."""
    key = create_key(database_url, f"http {uuid.uuid4()}", Role.ADMIN, "test", "test")
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    headers = {"Authorization": f"Bearer {key.secret}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://tenure.test", headers=headers
    ) as opened:
        yield opened


@pytest.fixture(scope="session")
async def generous(database: Database, settings: Settings) -> Executor:
    """Execution with limits past anything that is generated."""
    names = (
        "cost",
        "aliases",
        "depth",
        "directives",
        "root_fields",
        "document_tokens",
        "document_characters",
    )
    raised = dict.fromkeys((f"max_{name}" for name in names), 10**9)
    return Executor(Host((), (), CATALOG), database, settings.model_copy(update=raised))


@pytest.fixture(scope="session")
def sampled(database_url: str) -> Actor:
    """A reader of the sample, beside one tenant with the same ids and another with the same values."""
    reader, *others = (actor_in_fresh_tenant(database_url, Role.READER) for _ in range(3))
    insert(database_url, reader.tenant_id, ROWS)
    insert(database_url, others[0].tenant_id, sample(seed=8))
    insert(database_url, others[1].tenant_id, sample(first_id=0x900))
    return with_sample(reader)


@pytest.fixture(scope="session")
def answers(generous: Executor, sampled: Actor) -> Answers:
    """Answers about the sample."""
    return Answers(generous, sampled)


@pytest.fixture(scope="session")
def desk_execution(database: Database, settings: Settings) -> Executor:
    """Execution with the plugin of `desk`."""
    return Executor(computed_plugin.HOST, database, settings)


@pytest.fixture
def tenant(desk_execution: Executor, actor: Actor) -> Desk:
    """A fresh tenant that has enabled the plugin of `desk`, asked as an administrator."""
    return Desk(desk_execution, replace(actor, plugins=frozenset((computed_plugin.NAME,))))
