"""Serves plugins' HTTP routes below `/plugins/NAME`, for API keys of tenants that have enabled the plugin.

The request body is read before the route is called, and the response is sent after the commit. The route can
therefore be retried after a conflict, and a response is never sent for writes that were rolled back.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from tenure_core.access.grants import authorize
from tenure_core.errors import PluginError, PluginFailedError, TenureError
from tenure_core.plugins.context import Context, run_in_context
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registrations import PluginRoute
from tenure_schema.http.error_response import error_response
from tenure_schema.http.logging_setup import bind_request
from tenure_schema.http.request_parsing import read_body
from tenure_schema.http.timing import run_with_timeout

PLUGINS_PATH = "/plugins"
FIRST_ERROR_STATUS = 400
"""The lowest HTTP status of an error; the transaction of the request is rolled back."""


def plugin_routes(host: Host) -> list[BaseRoute]:
    """Return the routes of all plugins, and routes that answer all other paths with 404.

    Raises:
        PluginError: A plugin registered an object that is not a Starlette Route or Mount.
    """
    served = [plugin for plugin in host.plugins if plugin.registrations(PluginRoute)]
    for plugin in served:
        _check_routes(plugin)
    by_path = {f"{PLUGINS_PATH}/{plugin.name}": _PluginApp(plugin) for plugin in served}
    # A Mount matches the paths below its path, but not the path itself.
    routes = [route for path, app in by_path.items() for route in (Mount(path, app), Route(path, app))]
    return [*routes, Route(PLUGINS_PATH, _NotFound()), Route(f"{PLUGINS_PATH}/{{path:path}}", _NotFound())]


def _check_routes(plugin: LoadedPlugin) -> None:
    for route in _list_routes(plugin):
        if not isinstance(route, Route | Mount):
            raise PluginError(
                f"register_routes of the plugin {plugin.name} returned {route!r}.",
                "Return Starlette Route or Mount objects; for push, define a GraphQL subscription.",
            )


def _list_routes(plugin: LoadedPlugin) -> list[Any]:
    return [registration.route for registration in plugin.registrations(PluginRoute)]


class _NotFound:
    """The application of paths that no plugin serves."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with 404."""
        raise _not_found(scope)


def _not_found(scope: Scope) -> HTTPException:
    return HTTPException(404, f"No loaded plugin serves {scope['path'][:200]}.")


class FailedRouteError(Exception):
    """Rolls back the transaction of a route that returned an error status, and carries the response."""

    def __init__(self, response: list[Message]) -> None:
        super().__init__()
        self.response = response


class _PluginApp:
    """The ASGI application of one plugin's routes."""

    def __init__(self, plugin: LoadedPlugin) -> None:
        self._plugin = plugin
        self._router = Router(_list_routes(plugin), default=self._reject_unknown_path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; errors have the format of GraphQL errors."""
        request_id = str(uuid7())
        try:
            if scope["type"] != "http":
                raise HTTPException(404)
            messages = await self._handle(Request(scope, receive), request_id)
        except HTTPException:
            raise
        except Exception as error:
            await error_response(error, request_id)(scope, receive, send)
        else:
            for message in messages:
                await send(message)

    async def _handle(self, request: Request, request_id: str) -> list[Message]:
        state = request.app.state
        if self._plugin not in state.host.plugins:
            raise _not_found(request.scope)  # The plugin was dropped after its routes were collected.
        actor = await state.keys.authenticate(request.headers.get("authorization"))
        bind_request(request_id, actor)
        authorize(actor, state.catalog).require_plugin(self._plugin.name, request.url.path)
        body = await read_body(request.receive, state.settings.max_body_bytes)

        async def work(context: Context) -> list[Message]:
            return await self._call_route(request.scope, body, context)

        response = run_in_context(state.database, state.host, self._plugin, actor, work)
        try:
            return await run_with_timeout(response, state.settings.request_timeout_seconds)
        except FailedRouteError as error:
            return error.response

    async def _call_route(self, scope: Scope, body: bytes, context: Context) -> list[Message]:
        """Call the matching route and return the ASGI messages of its response."""
        messages: list[Message] = []

        async def send(message: Message) -> None:
            messages.append(message)

        route_scope = {**scope, "state": {**scope.get("state", {}), "context": context}}
        try:
            await self._router(route_scope, _receive_body(body), send)
        except (TenureError, HTTPException):
            raise
        except Exception as error:
            raise PluginFailedError(
                f"The plugin {self._plugin.name} failed to answer.", "The server's log contains the cause."
            ) from error
        if messages[0]["status"] >= FIRST_ERROR_STATUS:
            raise FailedRouteError(messages)
        return messages

    async def _reject_unknown_path(self, scope: Scope, _: Receive, __: Send) -> None:
        root = f"{PLUGINS_PATH}/{self._plugin.name}"
        known = ", ".join(f"{root}{route.path}" for route in _list_routes(self._plugin))
        raise HTTPException(
            404,
            f"The plugin {self._plugin.name} has no route {scope['path'][:200]}. Its routes are {known}.",
        )


def _receive_body(body: bytes) -> Receive:
    """Return an ASGI receive function for a body that was read; after the body it waits forever."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return pending.pop() if pending else await asyncio.Future()

    return receive
