"""The route: `POST /bulk/{entity}` takes rows as NDJSON or CSV, and answers a line per row as it goes.

Rows are written by the thousand, each chunk in a transaction of its own, so what a line tells is committed.
Cut off anywhere, a load can be sent again from its start: rows that are written already are NOOP then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uuid_utils.compat import uuid7

from tenure_core.access.grants import authorize
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.errors import BadUserInputError, TooManyRequestsError
from tenure_schema.bulk_load.csv_rows import CsvRows
from tenure_schema.bulk_load.loader import BulkLoad
from tenure_schema.bulk_load.ndjson import JsonRows, Rows
from tenure_schema.bulk_load.options import read_options
from tenure_schema.bulk_load.response_spool import ResponseSpool
from tenure_schema.http.error_response import error_response
from tenure_schema.http.logging_setup import name_request
from tenure_schema.http.request_parsing import UnsupportedMediaTypeError

BULK_PATH = "/bulk/{entity}"
JSON_LINES, CSV = "application/x-ndjson", "text/csv"


async def bulk(request: Request) -> Response:
    """Answer a load: line by line, or with what is wrong with it as a GraphQL request would."""
    request_id = str(uuid7())
    try:
        lines = (await _load(request, request_id)).lines()
        # Whatever is wrong until the first chunk is written still gets a status of its own.
        first = await anext(lines)
    except Exception as caught:
        return error_response(caught, request_id)
    return _Answer(first, lines, {"X-Request-Id": request_id})


async def _load(request: Request, request_id: str) -> BulkLoad:
    state = request.app.state
    actor = await state.keys.authenticate(request.headers.get("authorization"))
    entity = _entity(request)
    name_request(request_id, actor)
    authorize(actor, state.catalog).grants.require_write(entity)
    options = read_options(request.query_params)
    rows = _rows(request, entity)
    if state.loads.locked():
        raise TooManyRequestsError("Other loads are running.", "Try again in a while.")
    return BulkLoad(request, request_id, entity, options, rows)


def _entity(request: Request) -> EntityInfo:
    entities = request.app.state.catalog.entities
    name = request.path_params["entity"]
    if name not in entities:
        raise BadUserInputError(f"There is no entity {name[:60]!r}.", f"There are {', '.join(entities)}.")
    found: EntityInfo = entities[name]
    return found


def _rows(request: Request, entity: EntityInfo) -> Rows:
    """Return what reads the rows of a body of the type that it says it is."""
    settings = request.app.state.settings
    kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    packed = request.headers.get("content-encoding", "identity").lower() != "identity"
    if packed or ("charset" in parameters and "utf-8" not in parameters):
        raise UnsupportedMediaTypeError("The body is packed, or not in UTF-8.", "Send it as plain UTF-8.")
    if kind.strip() == JSON_LINES:
        return JsonRows(settings.max_body_bytes, settings.max_json_depth)
    if kind.strip() == CSV:
        return CsvRows(entity, settings.max_body_bytes, settings.max_json_depth)
    raise UnsupportedMediaTypeError(
        f"The body's type is {kind.strip()[:60] or 'missing'}.",
        f"Send rows as Content-Type: {JSON_LINES} or {CSV}.",
    )


class _Answer(Response):
    """The lines of a load, sent while its rows are still read: each at the speed of its own."""

    media_type = JSON_LINES

    def __init__(self, first: bytes, rest: AsyncIterator[bytes], headers: dict[str, str]) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._first = first
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with ResponseSpool() as outbox, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._fill(outbox))
            async for piece in outbox:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _fill(self, outbox: ResponseSpool) -> None:
        await outbox.put(self._first)
        async for lines in self._rest:
            await outbox.put(lines)
        await outbox.close()
