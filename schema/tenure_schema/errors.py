"""Converts exceptions to GraphQL errors and HTTP statuses. Used by every HTTP route and by the WebSocket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLFormattedError

from tenure_core.errors import (
    BadUserInputError,
    ConflictError,
    CursorExpiredError,
    DatabaseTimeoutError,
    DatabaseUnavailableError,
    ForbiddenError,
    PluginFailedError,
    RequestTimeoutError,
    RequestTooLargeError,
    TenureError,
    TooManyRequestsError,
    UnauthenticatedError,
)

log = structlog.get_logger()


class BodyTooLargeError(RequestTooLargeError):
    """The request body exceeds `TENURE_MAX_BODY_BYTES`."""


class UnsupportedMediaTypeError(BadUserInputError):
    """The route does not support the media type or encoding of the request body."""

    code = "UNSUPPORTED_MEDIA_TYPE"


class InvalidDocumentError(BadUserInputError):
    """A GraphQL document has syntax errors or does not match the schema.

    Args:
        errors: The syntax or validation errors, with their locations.
    """

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


HTTP_STATUSES: Mapping[type[TenureError], int] = {
    BodyTooLargeError: 413,
    UnsupportedMediaTypeError: 415,
    BadUserInputError: 400,
    RequestTooLargeError: 400,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    ConflictError: 409,
    CursorExpiredError: 410,
    TooManyRequestsError: 429,
    DatabaseUnavailableError: 503,
    DatabaseTimeoutError: 504,
    RequestTimeoutError: 504,
}
"""The status of each error class and its subclasses; a subclass stands before its base class."""


def get_status(error: TenureError) -> int:
    """Return the HTTP status of an error; 500 for a class that is not in `HTTP_STATUSES`."""
    statuses = (status for error_type, status in HTTP_STATUSES.items() if isinstance(error, error_type))
    return next(statuses, 500)


def to_tenure_error(error: BaseException, request_id: str) -> TenureError:
    """Return the TenureError for any exception, and log server errors (status 5xx) with their traceback.

    An unknown exception becomes a generic TenureError, so that its message, which may contain data, does
    not reach the client. A PluginFailedError without a cause was logged where it was raised.

    Args:
        error: The exception.
        request_id: Identifies the request in the log and in the response.
    """
    if isinstance(error, PluginFailedError) and error.__cause__ is None:
        return error
    if isinstance(error, TenureError) and get_status(error) < 500:
        return error
    log.error("request failed", request_id=request_id, exc_info=error)
    if isinstance(error, TenureError):
        return error
    return TenureError(
        "An internal error occurred.", f"Report the request id {request_id} to the operator of this server."
    )


def format_error(error: TenureError, request_id: str) -> list[dict[str, Any]]:
    """Return an error as GraphQL errors: one per syntax or validation error, otherwise exactly one."""
    extensions = {"code": error.code, "requestId": request_id, "retryable": error.retryable}
    if isinstance(error, InvalidDocumentError):
        return [{**_select_keys(item.formatted), "extensions": extensions} for item in error.errors]
    return [{"message": str(error), "extensions": extensions}]


def format_field_error(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """Return an error of an executed operation as a GraphQL error with `extensions`."""
    if error.original_error is None:
        tenure_error: TenureError = BadUserInputError(error.message)
    else:
        tenure_error = to_tenure_error(error.original_error, request_id)
    [formatted] = format_error(tenure_error, request_id)
    return {**_select_keys(error.formatted), **formatted}


def _select_keys(formatted: GraphQLFormattedError) -> dict[str, Any]:
    return {key: value for key, value in formatted.items() if key in ("message", "locations", "path")}
