"""The export over HTTP: `GET /export?entities=Account,Contact` streams lines of JSON, as long as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from uuid_utils.compat import uuid7

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.changes.snapshot_export import export
from tenure_core.errors import BadUserInputError, TooManyRequestsError
from tenure_core.query.plan.changes import resolve_entities
from tenure_schema.errors import format_error, to_tenure_error
from tenure_schema.http.error_response import error_response
from tenure_schema.http.logging_setup import name_request

MEDIA_TYPE = "application/x-ndjson"


async def export_lines(request: Request) -> Response:
    """Answer a request for an export: with its lines, or with what is wrong as a GraphQL request would."""
    request_id = str(uuid7())
    try:
        actor = await request.app.state.keys.authenticate(request.headers.get("authorization"))
        name_request(request_id, actor)
        entities = _entities(request, actor)
        _refuse_too_many(request.app.state.exports)
    except Exception as caught:
        return error_response(caught, request_id)
    headers = {"X-Request-Id": request_id}
    return StreamingResponse(
        _lines(request, actor, entities, request_id), headers=headers, media_type=MEDIA_TYPE
    )


def _entities(request: Request, actor: Actor) -> list[EntityInfo]:
    if unknown := [name for name in request.query_params if name != "entities"]:
        raise BadUserInputError(f"There is no option {unknown[0][:60]!r}.", "There is only entities.")
    given = request.query_params.getlist("entities")
    names = [name.strip() for name in ",".join(given).split(",")] if given else None
    catalog = request.app.state.catalog
    return resolve_entities(names, catalog, authorize(actor, catalog).grants)


def _refuse_too_many(running: asyncio.Semaphore) -> None:
    if running.locked():
        raise TooManyRequestsError("Other exports are running.", "Try again in a while.")


async def _lines(
    request: Request, actor: Actor, entities: list[EntityInfo], request_id: str
) -> AsyncIterator[bytes]:
    """Yield the export; where it fails midway, a last line says why instead of that it is done."""
    state = request.app.state
    try:
        async with state.exports:
            async for lines in export(state.database, actor.tenant_id, entities):
                yield lines
    except Exception as caught:
        errors = format_error(to_tenure_error(caught, request_id), request_id)
        yield orjson.dumps({"done": False, "errors": errors}) + b"\n"
