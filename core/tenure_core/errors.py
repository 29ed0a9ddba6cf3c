"""Expected errors: one class per kind, with a stable code for clients, a message and a hint."""

from __future__ import annotations

from typing import ClassVar


class TenureError(Exception):
    """Base of all expected errors.

    Attributes:
        code: Stable identifier of the kind; `extensions.code` in GraphQL responses.
        retryable: Whether the same request can succeed later; `extensions.retryable` in GraphQL responses.

    Args:
        message: What failed and where, one sentence.
        hint: How to resolve it; empty if the message states it.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


MAX_SUMMARY_LENGTH = 1_000


def error_summary(error: BaseException) -> str:
    """Return an error of any code as one line that PostgreSQL can store, at most 1,000 characters long."""
    text = str(error) if isinstance(error, TenureError) else f"{type(error).__name__}: {error}"
    storable = text.encode("utf-8", "replace").decode().replace("\0", "")
    return " ".join(storable.split())[:MAX_SUMMARY_LENGTH].rstrip(" :.")


class BadUserInputError(TenureError):
    """A request is invalid: a wrong value, name or combination."""

    code = "BAD_USER_INPUT"


class RequestTooLargeError(TenureError):
    """A request exceeds a limit of size, depth or cost."""

    code = "REQUEST_TOO_LARGE"


class UnauthenticatedError(TenureError):
    """A request has no API key, or an unknown or revoked one."""

    code = "UNAUTHENTICATED"


class ForbiddenError(TenureError):
    """The role of the caller does not grant the requested access."""

    code = "FORBIDDEN"


class DeclarationError(TenureError):
    """An entity declaration is invalid. The process does not start."""

    code = "BAD_DECLARATION"


class PluginError(TenureError):
    """A plugin can't be loaded, or conflicts with another plugin. The process does not start."""

    code = "BAD_PLUGIN"


class PluginFailedError(TenureError):
    """The code of a plugin raised an error."""

    code = "PLUGIN_FAILED"


class SettingError(TenureError):
    """A setting is missing, unknown, malformed, or conflicts with another. The process does not start."""

    code = "BAD_SETTING"


class DatabaseUnavailableError(TenureError):
    """PostgreSQL can't be reached, or rejects the connection."""

    code = "DATABASE_UNAVAILABLE"
    retryable = True


class DatabaseTimeoutError(TenureError):
    """An SQL statement exceeded TENURE_STATEMENT_TIMEOUT_SECONDS and was cancelled."""

    code = "TIMEOUT"
    retryable = True


class RequestTimeoutError(TenureError):
    """A request exceeded TENURE_REQUEST_TIMEOUT_SECONDS and was cancelled."""

    code = "TIMEOUT"
    retryable = True


class PendingMigrationsError(TenureError):
    """The database lacks migrations of the installed version."""

    code = "PENDING_MIGRATIONS"


class CursorExpiredError(TenureError):
    """The changes after a cursor of the change feed have been deleted."""

    code = "CURSOR_EXPIRED"


class TooManyRequestsError(TenureError):
    """Too many requests of this kind are running. The request can be sent again later."""

    code = "BUSY"
    retryable = True


class ConflictError(TenureError):
    """A write conflicted with a concurrent write."""

    code = "CONFLICT"
    retryable = True
