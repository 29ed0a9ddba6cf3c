"""`POST /bulk/{entity}`: loads rows from NDJSON or CSV and returns a result line per row.

Rows are written in chunks of up to a thousand, each in its own transaction. A line is sent after its chunk
is committed. An interrupted load can be repeated from the start: rows that are already written become NOOP.
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
from tenure_schema.bulk_load.options import parse_options
from tenure_schema.bulk_load.response_spool import ResponseSpool
from tenure_schema.errors import UnsupportedMediaTypeError
from tenure_schema.http.error_response import error_response
from tenure_schema.http.logging_setup import bind_request

BULK_PATH = "/bulk/{entity}"
NDJSON, CSV = "application/x-ndjson", "text/csv"


async def load_rows(request: Request) -> Response:
    """Stream the results; an error before the first chunk is the same response as for a GraphQL request."""
    request_id = str(uuid7())
    try:
        chunks = (await _create_load(request, request_id)).run()
        # Errors of the first chunk still change the status of the response.
        first = await anext(chunks)
    except Exception as error:
        return error_response(error, request_id)
    return _SpooledResponse(first, chunks, {"X-Request-Id": request_id})


async def _create_load(request: Request, request_id: str) -> BulkLoad:
    state = request.app.state
    actor = await state.keys.authenticate(request.headers.get("authorization"))
    entity = _find_entity(request)
    bind_request(request_id, actor)
    authorize(actor, state.catalog).require_write(entity)
    options = parse_options(request.query_params)
    rows = _create_rows(request, entity)
    if state.bulk_load_slots.locked():
        raise TooManyRequestsError("The maximum number of bulk loads is running.", "Try again later.")
    return BulkLoad(request, request_id, entity, options, rows)


def _find_entity(request: Request) -> EntityInfo:
    entities = request.app.state.catalog.entities
    name = request.path_params["entity"]
    if name not in entities:
        raise BadUserInputError(
            f"The entity {name[:60]!r} does not exist.", f"The entities are {', '.join(entities)}."
        )
    entity: EntityInfo = entities[name]
    return entity


def _create_rows(request: Request, entity: EntityInfo) -> Rows:
    """Return the reader for the media type of the body."""
    settings = request.app.state.settings
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    media_type = media_type.strip()
    is_compressed = request.headers.get("content-encoding", "identity").lower() != "identity"
    if is_compressed or ("charset" in parameters and "utf-8" not in parameters):
        raise UnsupportedMediaTypeError(
            "The body is compressed or not in UTF-8.", "Send it uncompressed, in UTF-8."
        )
    if media_type == NDJSON:
        return JsonRows(settings.max_body_bytes, settings.max_json_depth)
    if media_type == CSV:
        return CsvRows(entity, settings.max_body_bytes, settings.max_json_depth)
    raise UnsupportedMediaTypeError(
        f"The Content-Type is {media_type[:60] or 'missing'}.",
        f"Send rows as Content-Type: {NDJSON} or {CSV}.",
    )


class _SpooledResponse(Response):
    """A response that is sent while the request is still read; neither direction blocks the other."""

    media_type = NDJSON

    def __init__(self, first: bytes, rest: AsyncIterator[bytes], headers: dict[str, str]) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._first = first
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with ResponseSpool() as spool, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._fill(spool))
            async for data in spool:
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _fill(self, spool: ResponseSpool) -> None:
        await spool.put(self._first)
        async for lines in self._rest:
            await spool.put(lines)
        await spool.close()
