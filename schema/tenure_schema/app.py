"""The application: HTTP in front of execution. It reads requests with suspicion and answers every one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext
from http import HTTPStatus
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from uuid_utils import uuid7

from tenure_core.access.identity import KeyCache
from tenure_core.background.runtime import run_background
from tenure_core.catalog.change_operation import EXPORT_PATH
from tenure_core.changes.retention import run_retention
from tenure_core.errors import TenureError
from tenure_core.plugins.host import Host, load_host
from tenure_core.plugins.lifecycle import run_lifecycle
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings
from tenure_schema.bulk_load.route import BULK_PATH, bulk
from tenure_schema.errors import format_error, to_tenure_error
from tenure_schema.http.error_response import error_response
from tenure_schema.http.export import export_lines
from tenure_schema.http.ide import ide_files, ide_page
from tenure_schema.http.logging_setup import configure_logs, name_request
from tenure_schema.http.request_parsing import parse_request
from tenure_schema.http.timing import Timing, in_time
from tenure_schema.operations.executor import Executor
from tenure_schema.plugins.routes import PLUGINS_PATH, plugin_routes
from tenure_schema.plugins.schema_diagnosis import drop_broken_plugins
from tenure_schema.plugins.schema_parts import UnbuildableError
from tenure_schema.websocket import WebSocketApp, websocket_app

GRAPHQL_PATH = "/graphql"


def create_app(settings: Settings, url: str, plugins: Iterable[object] | None = None) -> Starlette:
    """Return the application; it opens the database when it starts and closes it when it stops.

    Args:
        settings: How it behaves.
        url: The PostgreSQL to serve.
        plugins: The plugins to load, as modules or objects; by default the installed ones that the settings
            let in.

    Raises:
        PluginError: A plugin fails, or two contradict each other.
    """
    return app_of(load_host(settings, plugins), settings, url)


def app_of(host: Host, settings: Settings, url: str) -> Starlette:
    """Return the application of plugins that are loaded; see `create_app`."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with (
            Database(url, settings) as database,
            run_retention(database, settings),
            run_lifecycle(host, settings) as ready,
        ):
            app.state.database = database
            app.state.keys = KeyCache(database, settings.key_cache_seconds)
            app.state.execution = _execution(ready, database, settings, app.state.keys)
            app.state.host = served = app.state.execution.host
            app.state.catalog = served.catalog
            app.state.sockets = WebSocketApp(app.state.execution, settings)
            app.state.exports = asyncio.Semaphore(settings.max_exports)
            app.state.loads = asyncio.Semaphore(settings.max_bulk_loads)
            async with run_background(database, served, settings) if settings.worker else nullcontext():
                yield

    routes: list[Any] = [
        Route(GRAPHQL_PATH, graphql, methods=["POST"]),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route(EXPORT_PATH, export_lines, methods=["GET"]),
        Route(BULK_PATH, bulk, methods=["POST"]),
        *plugin_routes(host),
        WebSocketRoute(GRAPHQL_PATH, websocket_app),
    ]
    if settings.ide:
        routes += [Route(GRAPHQL_PATH, ide_page, methods=["GET"]), ide_files(settings)]
    configure_logs(settings.log_level)
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: refused})
    app.state.settings = settings
    app.state.host = host
    return app


def _execution(host: Host, database: Database, settings: Settings, keys: KeyCache) -> Executor:
    """Return what answers, without the plugins whose own types no schema can be built of."""
    try:
        return Executor(host, database, settings, keys)
    except UnbuildableError:
        return Executor(drop_broken_plugins(host, settings), database, settings, keys)


async def refused(request: Request, error: Exception) -> Response:
    """Answer a request that no route takes, or that a plugin's route refuses."""
    known = error if isinstance(error, HTTPException) else HTTPException(500)
    status = HTTPStatus(known.status_code)
    extensions = {"code": status.name, "requestId": str(uuid7()), "retryable": False}
    message = _reason(request.url.path, known, status.phrase)
    body = orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})
    return Response(body, status, known.headers, media_type="application/json")


def _reason(path: str, error: HTTPException, phrase: str) -> str:
    if error.detail != phrase:
        return error.detail
    if not path.startswith(f"{PLUGINS_PATH}/"):
        return f"{phrase}. The API takes POST requests at {GRAPHQL_PATH}."
    allowed = (error.headers or {}).get("Allow")
    return f"{phrase}. {path[:200]} takes {allowed}." if allowed else f"{phrase}."


async def healthz(_: Request) -> Response:
    """Say that the process is alive."""
    return _json({"status": "ok"}, 200)


async def readyz(request: Request) -> Response:
    """Say whether questions can be answered: whether the database does."""
    request_id = str(uuid7())
    try:
        async with request.app.state.database.shared_connection() as connection:
            await connection.execute("SELECT 1")
    except TenureError as error:
        known = to_tenure_error(error, request_id)
        away = type(known)("The database does not answer.", "The server's log says why.")
        return _json({"errors": format_error(away, request_id)}, 503)
    return _json({"status": "ok"}, 200)


async def graphql(request: Request) -> Response:
    """Answer a GraphQL request."""
    request_id, timing = str(uuid7()), Timing()
    try:
        response = _json(await _answer(request, request_id, timing), 200)
    except Exception as caught:
        response = error_response(caught, request_id)
    response.headers.update({"X-Request-Id": request_id, "Server-Timing": timing.header()})
    return response


async def _answer(request: Request, request_id: str, timing: Timing) -> dict[str, Any]:
    state = request.app.state
    with timing.stage("identify"):
        actor = await state.keys.authenticate(request.headers.get("authorization"))
    name_request(request_id, actor)
    question = await parse_request(request, state.settings)
    answering = state.execution.execute(question, actor, request_id, timing)
    found: dict[str, Any] = await in_time(answering, state.settings.request_timeout_seconds)
    return found


def _json(value: object, status: int) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
