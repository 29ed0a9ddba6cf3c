"""The bare route: the least that can be between HTTP and the statement that Tenure makes of a question.

It has Tenure's pool settings, role, tenant and SQL text, and nothing else of it: no key is looked up, no
GraphQL is read, no limits are kept. What Tenure costs above it is the price of being a platform.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import psycopg
from pack_data import PACK
from psycopg.adapt import Loader
from psycopg_pool import AsyncConnectionPool
from questions import ACCOUNT, MACHINES, NESTED
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor, Role
from tenure_core.plugins.host import load_host
from tenure_core.postgres.database import service_conninfo
from tenure_core.query.plan import bind_values
from tenure_core.query.sql import Statement
from tenure_core.settings import load_settings
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.operations.document_cache import DocumentCache
from tenure_schema.operations.lowering import read_variables
from tenure_schema.operations.prepared_operations import CachedOperation, prepare
from tenure_schema.schema import build_schema, graphql_schema

URL = os.environ["BENCH_DATABASE_URL"]
TENANT = uuid.UUID(os.environ["BENCH_TENANT"])
SETTINGS = load_settings(database_url=URL, plugins_allow=(PACK,))
HOST = load_host(SETTINGS)


class _Bytes(Loader):
    """Hands JSON on as it came."""

    def load(self, data: Any) -> bytes:
        return bytes(data)


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    connection.adapters.register_loader("json", _Bytes)
    await connection.execute("SELECT set_config('tenure.tenant_id', %s, false)", (str(TENANT),))


pool = AsyncConnectionPool(
    service_conninfo(URL, SETTINGS.statement_timeout_seconds),
    min_size=2,
    max_size=SETTINGS.pool_size,
    kwargs={"autocommit": True, "prepare_threshold": 2},
    configure=_configure,
    open=False,
)


def statement_of(question: GraphQLRequest) -> tuple[Statement, dict[str, object]]:
    """Return the one statement that Tenure makes of a question, with the values that the question has."""
    catalog = HOST.catalog
    schema = graphql_schema(build_schema(catalog))
    document = DocumentCache(schema, SETTINGS).get(question.query)
    node = document.operation(None)
    variables = read_variables(schema, node, question.variables)
    plugins = frozenset(plugin.name for plugin in HOST.plugins)
    authorized = authorize(Actor(TENANT, uuid.uuid4(), Role.READER, "bench", plugins=plugins), catalog)
    operation = CachedOperation.of(document, node)
    prepared = prepare(operation, variables, schema, catalog, authorized, SETTINGS.max_cost)
    [(_, statement, binds)] = prepared.statements
    return statement, {
        f"p{place}": value for place, value in enumerate(bind_values(binds, variables.coerced))
    }


def route(question: GraphQLRequest) -> Callable[[Request], Awaitable[Response]]:
    """Return a route that runs the statement of a question with the id of the request, where it has one."""
    statement, given = statement_of(question)

    async def answer(request: Request) -> Response:
        variables = orjson.loads(await request.body())["variables"]
        asked = {"p0": uuid.UUID(variables["id"])} if variables else {}
        values = {"tenant": TENANT, **given, **asked}
        async with pool.connection() as connection:
            [row] = await (await connection.execute(statement.text, values)).fetchall()
        return Response(row[0], media_type="application/json")

    return answer


@asynccontextmanager
async def _lifespan(_: Starlette) -> AsyncIterator[None]:
    async with pool:
        yield


app = Starlette(
    routes=[
        Route("/nested", route(GraphQLRequest(NESTED, {})), methods=["POST"]),
        Route("/machines", route(GraphQLRequest(MACHINES, {})), methods=["POST"]),
        Route("/account", route(GraphQLRequest(ACCOUNT, {"id": str(TENANT)})), methods=["POST"]),
    ],
    lifespan=_lifespan,
)
