"""The ASGI application: its routes, its startup and shutdown, and the responses for unknown routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from uuid_utils import uuid7

from tenure_core.access.identity import KeyCache
from tenure_core.background.runtime import run_background
from tenure_core.errors import TenureError
from tenure_core.plugins.host import Host, load_host
from tenure_core.plugins.lifecycle import run_lifecycle
from tenure_core.postgres.database import Database
from tenure_core.query.plan.changes import EXPORT_PATH
from tenure_core.settings import Settings
from tenure_schema.bulk_load.route import BULK_PATH, load_rows
from tenure_schema.errors import format_error, to_tenure_error
from tenure_schema.http.export import export_entities
from tenure_schema.http.graphql_endpoint import GRAPHQL_PATH, GraphQLEndpoint
from tenure_schema.http.ide import ide_files, ide_page
from tenure_schema.http.logging_setup import configure_logs
from tenure_schema.http.start_page import HEALTH_PATH, start_page
from tenure_schema.operations.executor import Executor
from tenure_schema.plugins.routes import PLUGINS_PATH, plugin_routes
from tenure_schema.plugins.schema_parts import UnbuildableError
from tenure_schema.schema import drop_broken_plugins
from tenure_schema.websocket import WebSocketApp, websocket_app


class TenureApp(Starlette):
    """The application. `POST /graphql` bypasses the middleware and the router, which cost 20 µs of CPU."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, a WebSocket or the lifespan."""
        if scope["type"] == "http" and scope["path"] == GRAPHQL_PATH and scope["method"] == "POST":
            await self.state.graphql(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings, url: str, plugins: Iterable[object] | None = None) -> Starlette:
    """Load the plugins and return the application, which opens the database at startup.

    Args:
        settings: The settings.
        url: The URL of the PostgreSQL database.
        plugins: The plugins to load, as modules or objects; by default the installed plugins that the
            settings allow.

    Raises:
        PluginError: A plugin cannot be loaded, or two plugins conflict.
    """
    return create_app_for(load_host(settings, plugins), settings, url)


def create_app_for(host: Host, settings: Settings, url: str) -> Starlette:
    """Return the application for plugins that are already loaded; see `create_app`."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with Database(url, settings) as database, run_lifecycle(host, settings) as started_host:
            _set_services(app.state, started_host, database)
            served_host = app.state.host
            async with run_background(database, served_host, settings) if settings.worker else nullcontext():
                yield

    configure_logs(settings.log_level)
    app = TenureApp(lifespan=lifespan, exception_handlers={HTTPException: reject_request})
    app.state.settings = settings
    app.state.host = host
    app.state.graphql = GraphQLEndpoint(app.state)
    app.router.routes += _routes(app.state, settings, host)
    return app


def _routes(state: State, settings: Settings, host: Host) -> list[BaseRoute]:
    routes = [
        Route("/", start_page, methods=["GET"]),
        # Reached only below a root path: otherwise TenureApp serves the request before the router.
        Route(GRAPHQL_PATH, state.graphql, methods=["POST"]),
        Route(HEALTH_PATH, healthz),
        Route("/readyz", readyz),
        Route(EXPORT_PATH, export_entities, methods=["GET"]),
        Route(BULK_PATH, load_rows, methods=["POST"]),
        *plugin_routes(host),
        WebSocketRoute(GRAPHQL_PATH, websocket_app),
    ]
    if settings.ide:
        routes += [Route(GRAPHQL_PATH, ide_page, methods=["GET"]), ide_files(settings)]
    return routes


def _set_services(state: State, host: Host, database: Database) -> None:
    """Set what the routes use, in the state of the application."""
    settings: Settings = state.settings
    state.database = database
    state.keys = KeyCache(database, settings.api_key_cache_seconds)
    state.executor = _create_executor(host, database, settings, state.keys)
    state.host = state.executor.host
    state.catalog = state.host.catalog
    state.websockets = WebSocketApp(state.executor, settings)
    state.export_slots = asyncio.Semaphore(settings.max_exports)
    state.bulk_load_slots = asyncio.Semaphore(settings.max_bulk_loads)


def _create_executor(host: Host, database: Database, settings: Settings, keys: KeyCache) -> Executor:
    """Return the executor, without the plugins whose types are not valid in the GraphQL schema."""
    try:
        return Executor(host, database, settings, keys)
    except UnbuildableError:
        return Executor(drop_broken_plugins(host, settings), database, settings, keys)


async def reject_request(request: Request, error: Exception) -> Response:
    """Return the response for a request without a matching route, or for an HTTPException of a plugin."""
    http_error = error if isinstance(error, HTTPException) else HTTPException(500)
    status = HTTPStatus(http_error.status_code)
    extensions = {"code": status.name, "requestId": str(uuid7()), "retryable": False}
    message = _rejection_message(request.url.path, http_error, status.phrase)
    body = {"errors": [{"message": message, "extensions": extensions}]}
    return JSONResponse(body, status, http_error.headers)


def _rejection_message(path: str, error: HTTPException, phrase: str) -> str:
    if error.detail != phrase:
        return error.detail
    if not path.startswith(f"{PLUGINS_PATH}/"):
        return f"{phrase}. Send GraphQL requests as POST to {GRAPHQL_PATH}."
    allowed = (error.headers or {}).get("Allow")
    return f"{phrase}. {path[:200]} supports {allowed}." if allowed else f"{phrase}."


async def healthz(_: Request) -> Response:
    """Return 200 while the process runs."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """Return 200 if the database answers, otherwise 503."""
    request_id = str(uuid7())
    try:
        async with request.app.state.database.shared_connection() as connection:
            await connection.execute("SELECT 1")
    except TenureError as error:
        tenure_error = to_tenure_error(error, request_id)
        # The original message can contain the address of the database.
        public_error = type(tenure_error)("The database is not available.", "See the server log.")
        return JSONResponse({"errors": format_error(public_error, request_id)}, 503)
    return JSONResponse({"status": "ok"})
