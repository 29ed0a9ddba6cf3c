"""GraphQL over WebSocket with the protocol graphql-transport-ws, based on Strawberry's handler.

A client sends its API key in the Authorization header or, because browsers cannot set it, in the payload of
`connection_init`. The connection is closed soon after the key is revoked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
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
from tenure_core.postgres.tasks import run_task
from tenure_core.settings import Settings
from tenure_schema.errors import format_error, to_tenure_error
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.http.logging_setup import bind_request
from tenure_schema.http.request_parsing import build_request, is_deeper_than
from tenure_schema.http.timing import Timing, run_with_timeout
from tenure_schema.operations.executor import Executor

CLOSE_FORBIDDEN, CLOSE_TRY_AGAIN_LATER = 4403, 1013
"""Close codes of graphql-transport-ws and of the IANA registry for RFC 6455."""

MIN_KEY_CHECK_SECONDS = 0.5
"""The shortest interval between two checks of an API key."""

log = structlog.get_logger()


class WebSocketClient:
    """A connected client and its API key.

    Args:
        websocket: The connection.
        keys: Authenticates the API key.
    """

    def __init__(self, websocket: WebSocket, keys: KeyCache) -> None:
        self.connection_params: Mapping[str, object] = {}
        self._websocket = websocket
        self._keys = keys
        self._is_accepted = asyncio.Event()

    async def accept(self) -> None:
        """Accept the client after its `connection_init`; from then on its key is checked periodically.

        Raises:
            UnauthenticatedError: The client sent no key, or the key is unknown.
        """
        await self.authenticate()
        self._is_accepted.set()

    async def authenticate(self) -> Actor:
        """Return the actor of the client's API key.

        Raises:
            UnauthenticatedError: The client sent no key, or the key is unknown or revoked.
        """
        params = {str(name).lower(): value for name, value in self.connection_params.items()}
        authorization = self._websocket.headers.get("authorization") or params.get("authorization")
        return await self._keys.authenticate(authorization if isinstance(authorization, str) else None)

    async def close(self, code: int, reason: str) -> None:
        """Close the connection if it is open."""
        if self._websocket.application_state is WebSocketState.CONNECTED:
            await self._websocket.close(code, reason)

    async def check_key_every(self, seconds: float) -> None:
        """Check the key periodically, and close the connection if it was revoked, even if it is idle."""
        # Before it is accepted, the client may have sent no key; Strawberry limits how long that takes.
        await self._is_accepted.wait()
        while True:
            await asyncio.sleep(max(seconds, MIN_KEY_CHECK_SECONDS))
            try:
                if self._websocket.application_state is WebSocketState.CONNECTED:
                    await self.authenticate()
            except UnauthenticatedError:
                await self.close(CLOSE_FORBIDDEN, "Forbidden")
            except TenureError as error:
                log.warning("could not check the API key of a WebSocket; will retry", reason=str(error))


class _OperationRunner:
    """Replaces the schema in Strawberry's handler: executes operations as over HTTP."""

    def __init__(self, executor: Executor, settings: Settings) -> None:
        self._executor = executor
        self._timeout = settings.request_timeout_seconds

    async def stream(
        self,
        query: object,
        *,
        variable_values: object,
        context_value: WebSocketClient,
        root_value: None,
        operation_name: object,
    ) -> AsyncGenerator[ExecutionResult]:
        """Return the results of an operation; a subscription has a result per event."""
        parameters = {"query": query, "variables": variable_values, "operationName": operation_name}
        return self._results(parameters, context_value, str(uuid7()))

    async def _results(
        self, parameters: Mapping[str, object], client: WebSocketClient, request_id: str
    ) -> AsyncGenerator[ExecutionResult]:
        try:
            request = build_request(parameters)
            async with aclosing(self._responses(request, client, request_id)) as responses:
                async for response in responses:
                    errors = _to_graphql_errors(response.get("errors", ()))
                    yield ExecutionResult(response["data"], errors or None)
        except Exception as caught:
            error = to_tenure_error(caught, request_id)
            yield PreExecutionError(None, _to_graphql_errors(format_error(error, request_id)))

    async def _responses(
        self, request: GraphQLRequest, client: WebSocketClient, request_id: str
    ) -> AsyncGenerator[dict[str, Any]]:
        actor = await client.authenticate()
        bind_request(request_id, actor)
        operation = self._executor.prepare_request(request, actor, request_id)
        if operation.type is not OperationType.SUBSCRIPTION:
            execution = self._executor.execute(request, actor, request_id, Timing())
            yield await run_with_timeout(execution, self._timeout)
            return
        async with aclosing(self._executor.events(operation)) as events:
            async for event in events:
                if await client.authenticate() != actor:
                    raise ForbiddenError("The permissions of the API key have changed.", "Subscribe again.")
                yield event


def _to_graphql_errors(errors: Iterable[Mapping[str, Any]]) -> list[GraphQLError]:
    return [
        GraphQLError(error["message"], path=error.get("path"), extensions=error["extensions"])
        for error in errors
    ]


class WebSocketApp(GraphQL[WebSocketClient, None]):
    """Serves WebSocket connections.

    Args:
        executor: Executes the operations.
        settings: The limits and the allowed origins.
    """

    def __init__(self, executor: Executor, settings: Settings) -> None:
        super().__init__(
            cast(BaseSchema, _OperationRunner(executor, settings)),
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=settings.websocket_init_seconds),
            max_subscriptions_per_connection=settings.max_subscriptions,
            allowed_origins=settings.websocket_origins,
        )
        self._settings = settings

    async def serve(self, websocket: WebSocket, keys: KeyCache) -> None:
        """Serve a connection until it is closed."""
        client = WebSocketClient(websocket, keys)
        async with run_task(client.check_key_every(self._settings.api_key_cache_seconds)):
            try:
                await self.run(websocket, context=client)
            except TenureError as error:
                log.warning("closed a WebSocket", reason=str(error))
                await client.close(CLOSE_TRY_AGAIN_LATER, "Try again later")

    async def on_ws_connect(self, context: WebSocketClient) -> UnsetType | dict[str, object] | None:
        """Accept a client with a valid API key.

        Raises:
            ConnectionRejectionError: The key is missing or unknown.
        """
        try:
            await context.accept()
        except UnauthenticatedError as error:
            raise ConnectionRejectionError from error
        return cast(UnsetType, UNSET)

    def decode_json(self, data: str | bytes) -> object:
        """Return the JSON value of a message.

        Raises:
            JSONDecodeError: The message is not JSON, too long or nested too deeply.
        """
        text = data.encode() if isinstance(data, str) else data
        if len(text) > self._settings.max_body_bytes:
            raise json.JSONDecodeError("too long", "", 0)
        value = orjson.loads(text)
        if is_deeper_than(value, self._settings.max_json_depth):
            raise json.JSONDecodeError("nested too deeply", "", 0)
        return value

    def encode_json(self, data: object) -> str:
        """Return the text of a message."""
        return orjson.dumps(data).decode()


async def websocket_app(websocket: WebSocket) -> None:
    """Serve a WebSocket connection to the application."""
    state = websocket.app.state
    await state.websockets.serve(websocket, state.keys)
