"""Errors: from what went wrong to GraphQL errors and HTTP statuses."""

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
from tenure_schema.http.request_parsing import BodyTooLargeError, UnsupportedMediaTypeError
from tenure_schema.operations.document_cache import InvalidDocumentError

log = structlog.get_logger()

STATUS: Mapping[type[TenureError], int] = {
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


def status_of(error: TenureError) -> int:
    """Return the HTTP status of an error; 500 for what is our own fault."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def to_tenure_error(error: BaseException, request_id: str) -> TenureError:
    """Return the error of ours for any exception; one that is our own fault is logged with its trace.

    What a plugin has failed in was logged where it happened, unless it says its cause.
    """
    if isinstance(error, PluginFailedError) and error.__cause__ is None:
        return error
    if isinstance(error, TenureError) and status_of(error) < 500:
        return error
    log.error("request failed", request_id=request_id, exc_info=error)
    if isinstance(error, TenureError):
        return error
    return TenureError("Something went wrong on our side.", f"Name the request {request_id} to the operator.")


def format_error(error: TenureError, request_id: str) -> list[dict[str, Any]]:
    """Return the GraphQL errors of an error: message, extensions, and for a wrong document its places."""
    extensions = {"code": error.code, "requestId": request_id, "retryable": error.retryable}
    if isinstance(error, InvalidDocumentError):
        return [{**_plain(one.formatted), "extensions": extensions} for one in error.errors]
    return [{"message": str(error), "extensions": extensions}]


def format_result(errors: list[GraphQLError], request_id: str) -> list[dict[str, Any]]:
    """Return the GraphQL errors of an operation that ran through resolvers."""
    return [_format_error(error, request_id) for error in errors]


def _format_error(error: GraphQLError, request_id: str) -> dict[str, Any]:
    if error.original_error is None:
        known: TenureError = BadUserInputError(error.message)
    else:
        known = to_tenure_error(error.original_error, request_id)
    [only] = format_error(known, request_id)
    return {**_plain(error.formatted), **only}


def _plain(found: GraphQLFormattedError) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key in ("message", "locations", "path")}
