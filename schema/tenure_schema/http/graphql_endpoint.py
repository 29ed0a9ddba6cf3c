"""The ASGI application of `POST /graphql`."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.datastructures import State
from starlette.types import Receive, Scope, Send
from uuid_utils import uuid7

from tenure_schema.http.error_response import error_response
from tenure_schema.http.logging_setup import bind_request
from tenure_schema.http.request_parsing import parse_request
from tenure_schema.http.timing import Timing, run_with_timeout

GRAPHQL_PATH = "/graphql"
CONTENT_TYPE = (b"content-type", b"application/json")


class GraphQLEndpoint:
    """Serves GraphQL requests.

    A plain ASGI application: Starlette's request and response objects would take a sixth of the CPU time of
    a request for one record.

    Args:
        state: The state of the application, with `keys`, `executor` and `settings`.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Execute the GraphQL request and send its response."""
        request_id, timing = str(uuid7()), Timing()
        try:
            body = orjson.dumps(await self._execute(scope, receive, request_id, timing))
        except Exception as error:
            response = error_response(error, request_id)
            response.headers["Server-Timing"] = timing.header()
            await response(scope, receive, send)
            return
        headers = [
            CONTENT_TYPE,
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", request_id.encode()),
            (b"server-timing", timing.header().encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _execute(
        self, scope: Scope, receive: Receive, request_id: str, timing: Timing
    ) -> dict[str, Any]:
        state = self._state
        headers = dict(reversed(scope["headers"]))  # of a repeated header, the first value counts
        timing.start("identify")
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        actor = await state.keys.authenticate(authorization)
        bind_request(request_id, actor)
        timing.start("read")
        request = await parse_request(headers, receive, state.settings)
        execution = state.executor.execute(request, actor, request_id, timing)
        response: dict[str, Any] = await run_with_timeout(execution, state.settings.request_timeout_seconds)
        return response
