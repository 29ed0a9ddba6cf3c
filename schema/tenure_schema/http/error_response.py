"""Builds the HTTP response for an exception. Used by every HTTP route."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from tenure_schema.errors import format_error, get_status, to_tenure_error

CHALLENGE = {"WWW-Authenticate": "Bearer"}
"""The header of every response with status 401 (RFC 9110, section 15.5.2)."""


def error_response(error: Exception, request_id: str) -> Response:
    """Return the HTTP response for an exception, with the body of a GraphQL response without data.

    Args:
        error: The exception; see `to_tenure_error`.
        request_id: The value of `X-Request-Id` and of `extensions.requestId`.
    """
    tenure_error = to_tenure_error(error, request_id)
    status = get_status(tenure_error)
    body = orjson.dumps({"errors": format_error(tenure_error, request_id)})
    headers = {"X-Request-Id": request_id, **(CHALLENGE if status == 401 else {})}
    return Response(body, status, headers, media_type="application/json")
