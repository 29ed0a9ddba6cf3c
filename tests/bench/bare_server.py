"""The bare server: routes that run the statement that Tenure compiles for a query, and nothing else.

The pool settings, the role, the tenant and the SQL text are those of Tenure. There is no authentication, no
parsing of GraphQL and no limit, so the difference to Tenure is the cost of these.
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
from queries import ACCOUNT, MACHINES, NESTED
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor, Role
from tenure_core.plugins.host import load_host
from tenure_core.postgres.database import build_service_conninfo
from tenure_core.query.plan import bind_values
from tenure_core.query.sql import Statement
from tenure_core.settings import load_settings
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.operations.document_cache import DocumentCache
from tenure_schema.operations.prepared_operations import CachedOperation, prepare
from tenure_schema.schema import build_schema, graphql_schema

URL = os.environ["BENCH_DATABASE_URL"]
TENANT = uuid.UUID(os.environ["BENCH_TENANT"])
SETTINGS = load_settings(database_url=URL, plugins_allow=(PACK,))
HOST = load_host(SETTINGS)


class _Bytes(Loader):
    """Returns JSON as bytes, without parsing it."""

    def load(self, data: Any) -> bytes:
        return bytes(data)


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    connection.adapters.register_loader("json", _Bytes)
    await connection.execute("SELECT set_config('tenure.tenant_id', %s, false)", (str(TENANT),))


pool = AsyncConnectionPool(
    build_service_conninfo(URL, SETTINGS.statement_timeout_seconds),
    min_size=2,
    max_size=SETTINGS.pool_size,
    kwargs={"autocommit": True, "prepare_threshold": 2},
    configure=_configure,
    open=False,
)


def compile_statement(request: GraphQLRequest) -> tuple[Statement, dict[str, object]]:
    """Return the statement that Tenure compiles for a query with one root field, and its values."""
    catalog = HOST.catalog
    schema = graphql_schema(build_schema(catalog))
    document = DocumentCache(schema, SETTINGS).get(request.query)
    node = document.get_operation(None)
    plugins = frozenset(plugin.name for plugin in HOST.plugins)
    grants = authorize(Actor(TENANT, uuid.uuid4(), Role.READER, "bench", plugins=plugins), catalog)
    operation = CachedOperation.of(document, node, schema)
    variables = operation.variable_reader.read(request.variables)
    prepared = prepare(operation, variables, schema, catalog, grants, SETTINGS.max_cost)
    [(_, statement, binds)] = prepared.statements
    return statement, {
        f"p{position}": value for position, value in enumerate(bind_values(binds, variables.coerced))
    }


def route(query: GraphQLRequest) -> Callable[[Request], Awaitable[Response]]:
    """Return a route that runs the statement of a query, with the id in the request if there is one."""
    statement, fixed_values = compile_statement(query)

    async def respond(request: Request) -> Response:
        variables = orjson.loads(await request.body())["variables"]
        request_values = {"p0": uuid.UUID(variables["id"])} if variables else {}
        values = {"tenant": TENANT, **fixed_values, **request_values}
        async with pool.connection() as connection:
            [row] = await (await connection.execute(statement.text, values)).fetchall()
        return Response(row[0], media_type="application/json")

    return respond


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
