"""Routes of plugins: served below `/plugins/NAME`, for keys of tenants that have the plugin enabled.

A request is read whole, and answered whole once the transaction of its context is committed. So it can be
done again where it met another write, and what a client is told has happened.
"""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from tenure_core.access.grants import authorize
from tenure_core.errors import PluginError, PluginFailedError, RequestTimeoutError, TenureError
from tenure_core.plugins.context import Context, run_in_context
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_schema.http.error_response import error_response
from tenure_schema.http.logging_setup import name_request
from tenure_schema.http.request_parsing import read_body

PLUGINS_PATH = "/plugins"
FIRST_FAULT = 400
"""The lowest status of an answer that says that nothing was done."""


def plugin_routes(host: Host) -> list[BaseRoute]:
    """Return the routes of all plugins that have some, and what answers for all others.

    Raises:
        PluginError: One of them is none that could be served.
    """
    served = [plugin for plugin in host.plugins if plugin.routes]
    for plugin in served:
        _refuse_unservable(plugin)
    below = {f"{PLUGINS_PATH}/{plugin.name}": _Routes(plugin) for plugin in served}
    # A mount takes what lies below its path, and not the path itself.
    routes = [route for path, own in below.items() for route in (Mount(path, own), Route(path, own))]
    return [*routes, Route(PLUGINS_PATH, _Unserved()), Route(f"{PLUGINS_PATH}/{{path:path}}", _Unserved())]


def _refuse_unservable(plugin: LoadedPlugin) -> None:
    for route in plugin.routes:
        if not isinstance(route, Route | Mount):
            raise PluginError(
                f"register_routes of the plugin {plugin.name} lists {route!r}.",
                "List Starlette's Route and Mount; what is told as it happens is a subscription.",
            )


class _Unserved:
    """Where no plugin has routes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say so."""
        raise _unserved(scope)


def _unserved(scope: Scope) -> HTTPException:
    return HTTPException(404, f"No plugin that is loaded serves {scope['path'][:200]}.")


class RollbackError(Exception):
    """Undoes what a route has written that answers with a fault."""

    def __init__(self, answer: list[Message]) -> None:
        super().__init__()
        self.answer = answer


class _Routes:
    """The routes of one plugin."""

    def __init__(self, plugin: LoadedPlugin) -> None:
        self._plugin = plugin
        self._router = Router(plugin.routes, default=self._refuse_unknown)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or say what is wrong with it as a GraphQL request would."""
        request_id = str(uuid7())
        try:
            if scope["type"] != "http":
                raise HTTPException(404)
            answer = await self._answer(Request(scope, receive), request_id)
        except HTTPException:
            raise
        except Exception as caught:
            await error_response(caught, request_id)(scope, receive, send)
        else:
            for message in answer:
                await send(message)

    async def _answer(self, request: Request, request_id: str) -> list[Message]:
        state = request.app.state
        if self._plugin not in state.host.plugins:
            raise _unserved(request.scope)  # It was left out after it had been asked for its routes.
        actor = await state.keys.authenticate(request.headers.get("authorization"))
        name_request(request_id, actor)
        authorize(actor, state.catalog).grants.require_plugin(self._plugin.name, request.url.path)
        body = await read_body(request, state.settings.max_body_bytes)
        seconds = state.settings.request_timeout_seconds

        async def work(context: Context) -> list[Message]:
            return await self._routed(request.scope, body, context)

        try:
            async with asyncio.timeout(seconds):
                return await run_in_context(state.database, state.host, self._plugin, actor, work)
        except RollbackError as undone:
            return undone.answer
        except TimeoutError:
            raise RequestTimeoutError(f"The request took longer than {seconds:g} s.") from None

    async def _routed(self, scope: Scope, body: bytes, context: Context) -> list[Message]:
        """Let the plugin's route answer, and return the answer."""
        answer: list[Message] = []

        async def send(message: Message) -> None:
            answer.append(message)

        own = {**scope, "state": {**scope.get("state", {}), "context": context}}
        try:
            await self._router(own, _replayed(body), send)
        except (TenureError, HTTPException):
            raise
        except Exception as error:
            raise PluginFailedError(
                f"The plugin {self._plugin.name} failed to answer.", "The server's log has the cause."
            ) from error
        if answer[0]["status"] >= FIRST_FAULT:
            raise RollbackError(answer)
        return answer

    async def _refuse_unknown(self, scope: Scope, _: Receive, __: Send) -> None:
        known = ", ".join(f"{PLUGINS_PATH}/{self._plugin.name}{route.path}" for route in self._plugin.routes)
        raise HTTPException(
            404, f"The plugin {self._plugin.name} has no route {scope['path'][:200]}. It has {known}."
        )


def _replayed(body: bytes) -> Receive:
    """Return what hands out a body that was read, and then waits: nothing more is known of the client."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return left.pop() if left else await asyncio.Future()

    return receive
