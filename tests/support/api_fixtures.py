"""Fixtures for tests of the API: an executor, and the application over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from tests.generated_queries.query_runner import QueryRunner
from tests.generated_queries.sample import CATALOG, ROWS, insert, sample
from tests.generated_queries.sample_computed import with_sample
from tests.support import computed_plugin, graphql_requests
from tests.support.actors import create_actor
from tests.support.computed_plugin_tenant import PluginTenant

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Actor, Role
from tenure_core.plugins.host import core_host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings
from tenure_schema.app import create_app
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.operations.executor import Executor

Execute = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="session")
def executor(database: Database, settings: Settings) -> Executor:
    return Executor(core_host(), database, settings)


@pytest.fixture
def execute(executor: Executor, actor: Actor) -> Execute:
    """Executes an operation and returns the response as Python values; `as_` is another actor."""

    async def execute(query: str, as_: Actor = actor, **variables: Any) -> dict[str, Any]:
        return await graphql_requests.execute_request(executor, as_, query, **variables)

    return execute


@pytest.fixture
def execute_with_resolvers(executor: Executor, actor: Actor) -> Execute:
    """Executes an operation with graphql-core, also if it could be planned."""

    async def execute(query: str, as_: Actor = actor, **variables: Any) -> dict[str, Any]:
        request = executor.prepare_request(GraphQLRequest(query, variables), as_, "test")
        return await executor.execute_with_resolvers(request)

    return execute


@pytest.fixture(scope="session")
async def app(settings: Settings, database_url: str) -> AsyncIterator[Starlette]:
    """The application, started."""
    application = create_app(settings, database_url)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def client(app: Starlette, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client with an administrator's API key of a new tenant."""
    key = create_key(database_url, f"http {uuid.uuid4()}", Role.ADMIN, "test", "test")
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    headers = {"Authorization": f"Bearer {key.secret}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://tenure.test", headers=headers
    ) as http_client:
        yield http_client


@pytest.fixture(scope="session")
async def unlimited_executor(database: Database, settings: Settings) -> Executor:
    """An executor without limits, for generated queries."""
    names = (
        "cost",
        "aliases",
        "depth",
        "directives",
        "root_fields",
        "document_tokens",
        "document_characters",
    )
    limits = dict.fromkeys((f"max_{name}" for name in names), 10**9)
    return Executor(replace(core_host(), catalog=CATALOG), database, settings.model_copy(update=limits))


@pytest.fixture(scope="session")
def sample_reader(database_url: str) -> Actor:
    """A reader of the sample. Two other tenants have records with the same ids or values."""
    reader, *others = (create_actor(database_url, Role.READER) for _ in range(3))
    insert(database_url, reader.tenant_id, ROWS)
    insert(database_url, others[0].tenant_id, sample(seed=8))
    insert(database_url, others[1].tenant_id, sample(first_id=0x900))
    return with_sample(reader)


@pytest.fixture(scope="session")
def sample_tenant(unlimited_executor: Executor, sample_reader: Actor) -> QueryRunner:
    """Executes queries of the sample as `sample_reader`."""
    return QueryRunner(unlimited_executor, sample_reader)


@pytest.fixture(scope="session")
def plugin_executor(database: Database, settings: Settings) -> Executor:
    """An executor with the plugin of `computed_plugin`."""
    return Executor(computed_plugin.HOST, database, settings)


@pytest.fixture
def tenant(plugin_executor: Executor, actor: Actor) -> PluginTenant:
    """An administrator of a new tenant that has enabled the plugin of `computed_plugin`."""
    return PluginTenant(plugin_executor, replace(actor, plugins=frozenset((computed_plugin.NAME,))))
