"""Exceptions that the client raises. Each has a message, a hint, a stable code and a `retryable` flag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar


class ClientError(Exception):
    """Base class of all exceptions of the client.

    Args:
        message: What happened.
        hint: What to do about it; may be empty.
    """

    code: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint


class UnreachableError(ClientError):
    """The server could not be reached, or stayed overloaded, until the client's retry timeout."""

    code = "UNREACHABLE"
    retryable = True


class RequestRejectedError(ClientError):
    """The server rejected a request.

    Args:
        message: The reason.
        errors: The GraphQL errors of the response.
    """

    code = "REQUEST_REJECTED"

    def __init__(self, message: str, errors: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.errors = errors

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the GraphQL errors, such as UNAUTHENTICATED."""
        return frozenset(str((error.get("extensions") or {}).get("code")) for error in self.errors)


class CursorExpiredError(RequestRejectedError):
    """A change-feed cursor is older than the retention period. Continue from the cursor of a new snapshot."""

    code = "CURSOR_EXPIRED"


class IncompleteSnapshotError(ClientError):
    """A snapshot was read incompletely. Read it again."""

    code = "INCOMPLETE_SNAPSHOT"
    retryable = True
