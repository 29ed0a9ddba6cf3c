"""Parses HTTP requests into GraphQL requests; checks media type, size, nesting and form.

Used by the GraphQL endpoint and the WebSocket, and in part by bulk load and by the routes of plugins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import orjson
from starlette.types import Receive

from tenure_core.entities.scalar_types import validate_text
from tenure_core.errors import BadUserInputError, RequestTooLargeError
from tenure_core.settings import Settings
from tenure_schema.errors import BodyTooLargeError, UnsupportedMediaTypeError
from tenure_schema.http.graphql_request import GraphQLRequest

MEDIA_TYPE = b"application/json"
BODY_HINT = 'Send {"query": "..."}.'


async def parse_request(
    headers: Mapping[bytes, bytes], receive: Receive, settings: Settings
) -> GraphQLRequest:
    """Return the GraphQL request in the body of an HTTP POST request.

    Args:
        headers: The request headers; their names are in lower case, as in ASGI.
        receive: Receives the body, as in ASGI.
        settings: The limits.

    Raises:
        UnsupportedMediaTypeError: The Content-Type is not application/json.
        BodyTooLargeError: The body exceeds `max_body_bytes`.
        BadUserInputError: The body is not JSON, or not a GraphQL-over-HTTP request.
    """
    _check_media_type(headers.get(b"content-type", b""))
    body = _parse_json(await read_body(receive, settings.max_body_bytes), settings.max_json_depth)
    idempotency_key = headers.get(b"idempotency-key")
    return build_request(body, None if idempotency_key is None else idempotency_key.decode("latin-1"))


def _check_media_type(content_type: bytes) -> None:
    media_type = content_type.partition(b";")[0].strip().lower()
    if media_type != MEDIA_TYPE:
        name = media_type[:60].decode("latin-1") or "missing"
        raise UnsupportedMediaTypeError(
            f"The Content-Type is {name}.", "Send the request as Content-Type: application/json."
        )


async def read_body(receive: Receive, limit: int) -> bytes:
    """Return the body of an HTTP request.

    Args:
        receive: Receives the body, as in ASGI.
        limit: The maximum size in bytes.

    Raises:
        BodyTooLargeError: The body exceeds the limit; the rest of it is not read.
        BadUserInputError: The client closed the connection.
    """
    chunks: list[bytes] = []
    size, has_more = 0, True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadUserInputError("The client closed the connection before the request was complete.")
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLargeError(f"The request body exceeds {limit} bytes.", "Send smaller requests.")
        chunks.append(chunk)
        has_more = message.get("more_body", False)
    return b"".join(chunks)


def _parse_json(body: bytes, max_depth: int) -> object:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadUserInputError(f"The request body is not valid JSON: {error}.", BODY_HINT) from None
    if count_brackets(body) > max_depth and is_deeper_than(value, max_depth):
        raise RequestTooLargeError(
            f"The JSON of the request body is nested more than {max_depth} levels deep.",
            "Send fewer nested objects and lists.",
        )
    return value


def count_brackets(text: bytes) -> int:
    """Return the number of opening brackets in a JSON text: its value has at most as many levels.

    Counting them is cheaper than `is_deeper_than`.
    """
    return text.count(b"{") + text.count(b"[")


def is_deeper_than(value: object, limit: int) -> bool:
    """Return whether a JSON value has more levels of objects and lists than the limit."""
    level = _select_containers([value])
    for _ in range(limit):
        if not level:
            return False
        level = _select_containers(chain.from_iterable(v.values() if type(v) is dict else v for v in level))
    return bool(level)


def _select_containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if type(value) is dict or type(value) is list]


def build_request(value: object, idempotency_key: str | None = None) -> GraphQLRequest:
    """Return the GraphQL request for the parameters of a parsed JSON body.

    Args:
        value: The parsed JSON.
        idempotency_key: The value of the `Idempotency-Key` header.

    Raises:
        BadUserInputError: A parameter is missing or has the wrong type.
    """
    if not isinstance(value, dict):
        raise BadUserInputError(
            "The request body is not a JSON object.", f"{BODY_HINT} Batched requests are not supported."
        )
    query, variables, name = value.get("query"), value.get("variables"), value.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise BadUserInputError("`query` is missing.", "Send the GraphQL document as `query`.")
    if not isinstance(variables, dict | None):
        raise BadUserInputError("`variables` is not a JSON object.", "Send an object of values by name.")
    if not isinstance(name, str | None):
        raise BadUserInputError("`operationName` is not a string.", "Send the name of an operation.")
    try:
        return GraphQLRequest(validate_text(query), variables or {}, name, idempotency_key)
    except ValueError as error:
        raise BadUserInputError(f"`query` is not valid: {error}.") from None
