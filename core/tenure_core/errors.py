"""Errors that Tenure raises on purpose: what happened, where, what to do. One class per kind of error."""

from __future__ import annotations

from typing import ClassVar


class TenureError(Exception):
    """The base of every error that Tenure raises on purpose.

    Args:
        message: What happened and where, as one sentence for a person.
        hint: What to do about it; empty where the message says it already.
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
    """Return what an error of anybody's code says, as PostgreSQL can keep it: one line, and not too long."""
    known = isinstance(error, TenureError)
    said = str(error) if known else f"{type(error).__name__}: {error}"
    clean = said.encode("utf-8", "replace").decode().replace("\0", "")
    return " ".join(clean.split())[:MAX_SUMMARY_LENGTH].rstrip(" :.")


class BadUserInputError(TenureError):
    """A request that can't be answered as it was sent: a wrong value, a wrong name, a wrong combination."""

    code = "BAD_USER_INPUT"


class RequestTooLargeError(TenureError):
    """A request that goes past one of the limits of size, depth or cost."""

    code = "REQUEST_TOO_LARGE"


class UnauthenticatedError(TenureError):
    """A request that carries no key, or one that Tenure does not know."""

    code = "UNAUTHENTICATED"


class ForbiddenError(TenureError):
    """A request for something that the caller's role does not grant."""

    code = "FORBIDDEN"


class DeclarationError(TenureError):
    """An entity declaration that can't be built: it stops the start."""

    code = "BAD_DECLARATION"


class PluginError(TenureError):
    """A plugin that can't be loaded, or that contradicts another: it stops the start."""

    code = "BAD_PLUGIN"


class PluginFailedError(TenureError):
    """Something that could not be done because the code of a plugin failed."""

    code = "PLUGIN_FAILED"


class SettingError(TenureError):
    """A setting that is missing, malformed or contradicts another: it stops the start."""

    code = "BAD_SETTING"


class DatabaseUnavailableError(TenureError):
    """PostgreSQL can't be reached, or refuses the connection."""

    code = "DATABASE_UNAVAILABLE"
    retryable = True


class DatabaseTimeoutError(TenureError):
    """A statement ran longer than the setting allows, and was cancelled."""

    code = "TIMEOUT"
    retryable = True


class RequestTimeoutError(TenureError):
    """A request took longer than the setting allows, and was given up."""

    code = "TIMEOUT"
    retryable = True


class PendingMigrationsError(TenureError):
    """The database is older than the code that wants to serve it."""

    code = "PENDING_MIGRATIONS"


class CursorExpiredError(TenureError):
    """A cursor of the change feed that leads to changes which are no longer kept."""

    code = "CURSOR_EXPIRED"


class TooManyRequestsError(TenureError):
    """A request that has to wait until others of its kind are done."""

    code = "BUSY"
    retryable = True


class ConflictError(TenureError):
    """A write that the database refused because of what another write had done."""

    code = "CONFLICT"
    retryable = True
