"""Refusals: the HTTP answer to a request that can't be answered as it was sent."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from tenure_schema.errors import format_error, status_of, to_tenure_error

CHALLENGE = {"WWW-Authenticate": "Bearer"}
"""What every 401 carries (RFC 9110, 15.5.2)."""


def error_response(caught: Exception, request_id: str) -> Response:
    """Return the answer that says what is wrong, in the form of a GraphQL response.

    Args:
        caught: What went wrong.
        request_id: What the answer and the log call the request.
    """
    error = to_tenure_error(caught, request_id)
    status = status_of(error)
    body = orjson.dumps({"errors": format_error(error, request_id)})
    headers = {"X-Request-Id": request_id, **(CHALLENGE if status == 401 else {})}
    return Response(body, status, headers, media_type="application/json")
