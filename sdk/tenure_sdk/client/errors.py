"""Errors of the client: what a sync job may have to handle. Each tells what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tenure_core.errors import TenureError


class UnreachableError(TenureError):
    """Tenure could not be asked, or was too busy, for longer than the client's patience."""

    code = "UNREACHABLE"
    retryable = True


class RequestRejectedError(TenureError):
    """Tenure refused a request.

    Args:
        message: Why.
        errors: The errors of the answer, as GraphQL has them.
    """

    code = "REFUSED"

    def __init__(self, message: str, errors: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.errors = errors

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the errors, such as UNAUTHENTICATED."""
        return frozenset(str((error.get("extensions") or {}).get("code")) for error in self.errors)


class CursorExpiredError(RequestRejectedError):
    """A cursor of the change feed that is older than what is kept: take a snapshot, and follow from there."""

    code = "CURSOR_EXPIRED"


class SnapshotBrokenError(TenureError):
    """A snapshot that ended before it was complete: take it again."""

    code = "SNAPSHOT_BROKEN"
    retryable = True
