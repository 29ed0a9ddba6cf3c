"""Reading: from an HTTP request to a question, refusing what is too large, malformed or of another type."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request

from tenure_core.entities.scalar_types import validate_text
from tenure_core.errors import BadUserInputError, RequestTooLargeError
from tenure_core.settings import Settings
from tenure_schema.http.graphql_request import GraphQLRequest

IDEMPOTENCY_KEY = "idempotency-key"
"""The header that names a write, so that it may be sent again."""


class BodyTooLargeError(RequestTooLargeError):
    """A body with more bytes than the setting allows."""


class UnsupportedMediaTypeError(BadUserInputError):
    """A body that does not say that it is JSON."""

    code = "UNSUPPORTED_MEDIA_TYPE"


async def parse_request(request: Request, settings: Settings) -> GraphQLRequest:
    """Return the question that a POST request asks.

    Raises:
        UnsupportedMediaTypeError: The body is no application/json.
        BodyTooLargeError: It has too many bytes.
        BadUserInputError: It is no JSON, or none of the form that GraphQL over HTTP asks for.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise UnsupportedMediaTypeError(
            f"The body's type is {content_type[:60] or 'missing'}.",
            "Send it as Content-Type: application/json.",
        )
    body = _parsed(await read_body(request, settings.max_body_bytes), settings.max_json_depth)
    return build_request(body, request.headers.get(IDEMPOTENCY_KEY))


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of a request.

    Raises:
        BodyTooLargeError: It has too many bytes.
        BadUserInputError: The client went away.
    """
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise BodyTooLargeError(f"The body has more than {limit} bytes.", "Send less at once.")
    except ClientDisconnect:
        raise BadUserInputError("The client went away before its request was complete.") from None
    return bytes(body)


def _parsed(body: bytes, max_depth: int) -> object:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadUserInputError(f"The body is no JSON: {error}.", 'Send {"query": "..."}.') from None
    if deeper_than(value, max_depth):
        raise RequestTooLargeError(f"The body's JSON is nested more than {max_depth} deep.", "Flatten it.")
    return value


def deeper_than(value: object, limit: int) -> bool:
    """Return whether a JSON value is nested more than so many levels deep."""
    level = _containers([value])
    for _ in range(limit):
        if not level:
            return False
        level = _containers(chain.from_iterable(v.values() if type(v) is dict else v for v in level))
    return bool(level)


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if type(value) is dict or type(value) is list]


def build_request(value: object, idempotency_key: str | None = None) -> GraphQLRequest:
    """Return the question that a JSON value asks.

    Args:
        value: The value.
        idempotency_key: What the client calls the request.

    Raises:
        BadUserInputError: It is none of the form that GraphQL asks for.
    """
    if not isinstance(value, dict):
        raise BadUserInputError(
            "The body is no JSON object.", 'Send {"query": "..."}; batches are not taken.'
        )
    query, variables, name = value.get("query"), value.get("variables"), value.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise BadUserInputError("The body has no query.", 'Send the GraphQL document as "query".')
    if not isinstance(variables, dict | None):
        raise BadUserInputError("variables is no JSON object.", "Send them by name, or leave them out.")
    if not isinstance(name, str | None):
        raise BadUserInputError("operationName is no text.", "Send a name, or leave it out.")
    try:
        return GraphQLRequest(validate_text(query), variables or {}, name, idempotency_key)
    except ValueError as error:
        raise BadUserInputError(f"query: {error}.") from None
