"""Results of write operations: a status and errors per row."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum


class ErrorCode(StrEnum):
    """The stable code of a row's error."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    TOO_LONG = "TOO_LONG"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    READ_ONLY = "READ_ONLY"
    NOT_FOUND = "NOT_FOUND"
    DUPLICATE_KEY = "DUPLICATE_KEY"
    DUPLICATE = "DUPLICATE"
    STALE_VERSION = "STALE_VERSION"
    STALE_SOURCE = "STALE_SOURCE"
    FIELD_OWNED = "FIELD_OWNED"
    FIELD_IGNORED = "FIELD_IGNORED"
    COUNTS_DIFFER = "COUNTS_DIFFER"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    REJECTED = "REJECTED"


RowPath = tuple[str | int, ...]
"""Path of a value in a row: field names and list positions."""


@dataclass(frozen=True)
class UserError:
    """An error of a row.

    Args:
        code: The error code, for programs.
        path: Path of the value in the row; empty for the row itself.
        message: What is wrong and what is allowed, for people.
    """

    code: ErrorCode
    path: RowPath
    message: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.message}"


class Status(StrEnum):
    """The outcome of a row."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    NOOP = "NOOP"
    RESTORED = "RESTORED"
    DELETED = "DELETED"
    PURGED = "PURGED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    WOULD_CREATE = "WOULD_CREATE"
    WOULD_UPDATE = "WOULD_UPDATE"
    CONFLICT = "CONFLICT"


REJECTED_STATUSES = frozenset((Status.FAILED, Status.CONFLICT))
"""The statuses of rows with errors."""


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """A field that a dry run would change.

    Args:
        field: The field's name in the API.
        before: The stored value, in the form in which a row sets it.
        after: The value after the write.
    """

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class RowResult:
    """The result of a row.

    Args:
        index: Position of the row in the call, from 0.
        status: The outcome.
        id: Id of the record; None if the row was rejected, unless its errors depend on the stored record.
        errors: The errors of a rejected row; for a written row, the fields that were ignored.
        key: The external id, unique value or id that the row was matched by; None if rows are not matched.
        diff: The changes that a dry run would make; None if it is not a dry run.
    """

    index: int
    status: Status
    id: uuid.UUID | None
    errors: tuple[UserError, ...] = ()
    key: str | None = None
    diff: tuple[FieldDiff, ...] | None = None

    @property
    def is_rejected(self) -> bool:
        """Whether the row has errors and was not written."""
        return self.status in REJECTED_STATUSES
