"""Subscriptions: operations over a WebSocket, in the protocol graphql-transport-ws, by Strawberry's handler.

A client says its API key in the Authorization header, or where it can't, as browsers, in the payload of
`connection_init`. Who has lost the key, or the server's plugin, is not told of anything further.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, cast

import orjson
import structlog
from graphql import GraphQLError, OperationType
from starlette.websockets import WebSocket, WebSocketState
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.schema import BaseSchema
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.unset import UNSET, UnsetType
from uuid_utils import uuid7

from tenure_core.access.identity import Actor, KeyCache
from tenure_core.errors import ForbiddenError, TenureError, UnauthenticatedError
from tenure_core.settings import Settings
from tenure_schema.errors import format_error, to_tenure_error
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.http.logging_setup import name_request
from tenure_schema.http.request_parsing import build_request, deeper_than
from tenure_schema.http.timing import Timing, in_time
from tenure_schema.operations.executor import Executor

FORBIDDEN, TRY_AGAIN = 4403, 1013
"""Why a socket is closed: as graphql-transport-ws has it, and as the registry of RFC 6455 has it."""

SHORTEST_WATCH = 0.5
"""Seconds between two looks at a key, at least."""

log = structlog.get_logger()


class WebSocketClient:
    """The other side of a WebSocket.

    Args:
        websocket: The socket.
        keys: Knows the actor of its key.
    """

    def __init__(self, websocket: WebSocket, keys: KeyCache) -> None:
        self.connection_params: Mapping[str, object] = {}
        self._websocket = websocket
        self._keys = keys
        self._let_in = asyncio.Event()

    async def begin(self) -> None:
        """Let it in, and look at its key again and again from now on.

        Raises:
            UnauthenticatedError: It has sent no key, or one that is not known.
        """
        await self.actor()
        self._let_in.set()

    async def actor(self) -> Actor:
        """Return who it is.

        Raises:
            UnauthenticatedError: It has sent no key, or one that is no longer known.
        """
        sent = {str(name).lower(): value for name, value in self.connection_params.items()}
        given = self._websocket.headers.get("authorization") or sent.get("authorization")
        return await self._keys.authenticate(given if isinstance(given, str) else None)

    async def close(self, code: int, reason: str) -> None:
        """Close it, unless it is closed."""
        if self._websocket.application_state is WebSocketState.CONNECTED:
            await self._websocket.close(code, reason)

    @asynccontextmanager
    async def watched(self, seconds: float) -> AsyncIterator[None]:
        """Close it within so many seconds after its key is revoked, even while nothing happens."""
        watching = asyncio.create_task(self._watch(max(seconds, SHORTEST_WATCH)))
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self, seconds: float) -> None:
        # Until then it may have sent no key yet, and how long that may last is not for the key to say.
        await self._let_in.wait()
        while True:
            await asyncio.sleep(seconds)
            try:
                if self._websocket.application_state is WebSocketState.CONNECTED:
                    await self.actor()
            except UnauthenticatedError:
                await self.close(FORBIDDEN, "Forbidden")
            except TenureError as error:
                log.warning("the key of a socket will be looked at again", reason=str(error))


class _Operations:
    """Stands where Strawberry's handler has a schema: runs operations as those over HTTP are run."""

    def __init__(self, execution: Executor, settings: Settings) -> None:
        self._execution = execution
        self._seconds = settings.request_timeout_seconds

    async def stream(
        self,
        query: object,
        *,
        variable_values: object,
        context_value: WebSocketClient,
        root_value: None,
        operation_name: object,
    ) -> AsyncGenerator[ExecutionResult]:
        """Return the results of an operation, one by one."""
        asked = {"query": query, "variables": variable_values, "operationName": operation_name}
        return self._results(asked, context_value, str(uuid7()))

    async def _results(
        self, asked: Mapping[str, object], socket: WebSocketClient, request_id: str
    ) -> AsyncGenerator[ExecutionResult]:
        try:
            async with aclosing(self._answers(build_request(asked), socket, request_id)) as answers:
                async for answer in answers:
                    yield ExecutionResult(answer["data"], _errors(answer.get("errors", ())) or None)
        except Exception as error:
            yield PreExecutionError(
                None, _errors(format_error(to_tenure_error(error, request_id), request_id))
            )

    async def _answers(
        self, question: GraphQLRequest, socket: WebSocketClient, request_id: str
    ) -> AsyncGenerator[dict[str, Any]]:
        actor = await socket.actor()
        name_request(request_id, actor)
        asking = self._execution.prepare_request(question, actor, request_id)
        if asking.operation.node.operation is not OperationType.SUBSCRIPTION:
            answering = self._execution.execute(question, actor, request_id, Timing())
            yield await in_time(answering, self._seconds)
            return
        async with aclosing(self._execution.events(asking)) as events:
            async for event in events:
                if await socket.actor() != actor:
                    raise ForbiddenError("What the key may do has changed.", "Subscribe again.")
                yield event


def _errors(shown: Iterable[Mapping[str, Any]]) -> list[GraphQLError]:
    return [
        GraphQLError(error["message"], path=error.get("path"), extensions=error["extensions"])
        for error in shown
    ]


class WebSocketApp(GraphQL[WebSocketClient, None]):
    """Serves WebSockets.

    Args:
        execution: What answers.
        settings: How long a socket may wait to begin, how much it may ask at once, and from where.
    """

    def __init__(self, execution: Executor, settings: Settings) -> None:
        super().__init__(
            cast(BaseSchema, _Operations(execution, settings)),
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=settings.websocket_init_seconds),
            max_subscriptions_per_connection=settings.max_subscriptions,
            allowed_origins=settings.websocket_origins,
        )
        self._settings = settings

    async def serve(self, websocket: WebSocket, keys: KeyCache) -> None:
        """Serve one socket until one of both sides ends it."""
        socket = WebSocketClient(websocket, keys)
        async with socket.watched(self._settings.key_cache_seconds):
            try:
                await self.run(websocket, context=socket)
            except TenureError as error:
                log.warning("a socket was closed", reason=str(error))
                await socket.close(TRY_AGAIN, "Try again later")

    async def on_ws_connect(self, context: WebSocketClient) -> UnsetType | dict[str, object] | None:
        """Let a socket in whose key is known.

        Raises:
            ConnectionRejectionError: It has none.
        """
        try:
            await context.begin()
        except UnauthenticatedError as error:
            raise ConnectionRejectionError from error
        return cast(UnsetType, UNSET)

    def decode_json(self, data: str | bytes) -> object:
        """Return what a message says.

        Raises:
            JSONDecodeError: It is no JSON, too long or nested too deeply.
        """
        if len(data) > self._settings.max_body_bytes:
            raise json.JSONDecodeError("too long", "", 0)
        value = orjson.loads(data)
        if deeper_than(value, self._settings.max_json_depth):
            raise json.JSONDecodeError("nested too deeply", "", 0)
        return value

    def encode_json(self, data: object) -> str:
        """Return a message as it is sent."""
        return orjson.dumps(data).decode()


async def websocket_app(websocket: WebSocket) -> None:
    """Serve a WebSocket."""
    state = websocket.app.state
    await state.sockets.serve(websocket, state.keys)
