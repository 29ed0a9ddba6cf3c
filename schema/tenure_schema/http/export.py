"""`GET /export?entities=Account,Contact`: streams a snapshot export as NDJSON."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from uuid_utils.compat import uuid7

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.access.visibility import VisibleRows, visible_rows
from tenure_core.changes.snapshot_export import export_records
from tenure_core.errors import BadUserInputError, TooManyRequestsError
from tenure_core.query.plan.changes import resolve_entities
from tenure_schema.errors import format_error, to_tenure_error
from tenure_schema.http.error_response import error_response
from tenure_schema.http.logging_setup import bind_request

MEDIA_TYPE = "application/x-ndjson"


async def export_entities(request: Request) -> Response:
    """Stream the export; an error before the first line is the same response as for a GraphQL request."""
    request_id = str(uuid7())
    try:
        actor = await request.app.state.keys.authenticate(request.headers.get("authorization"))
        bind_request(request_id, actor)
        rows = _requested_rows(request, actor)
        if request.app.state.export_slots.locked():
            raise TooManyRequestsError("The maximum number of exports is running.", "Try again later.")
    except Exception as error:
        return error_response(error, request_id)
    headers = {"X-Request-Id": request_id}
    return StreamingResponse(
        _stream(request, actor, rows, request_id), headers=headers, media_type=MEDIA_TYPE
    )


def _requested_rows(request: Request, actor: Actor) -> VisibleRows:
    if unknown := [name for name in request.query_params if name != "entities"]:
        raise BadUserInputError(
            f"The query parameter {unknown[0][:60]!r} is unknown.", "The only parameter is `entities`."
        )
    values = request.query_params.getlist("entities")
    names = [name.strip() for name in ",".join(values).split(",")] if values else None
    catalog = request.app.state.catalog
    grants = authorize(actor, catalog)
    return visible_rows(resolve_entities(names, catalog, grants), grants)


async def _stream(request: Request, actor: Actor, rows: VisibleRows, request_id: str) -> AsyncIterator[bytes]:
    """Yield the export. After an error, the last line contains `done: false` and the errors."""
    state = request.app.state
    try:
        async with state.export_slots:
            async for lines in export_records(state.database, actor, rows):
                yield lines
    except Exception as error:
        errors = format_error(to_tenure_error(error, request_id), request_id)
        yield orjson.dumps({"done": False, "errors": errors}) + b"\n"
