"""Results: what a write says of each row, as values for people and for programs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum


class ErrorCode(StrEnum):
    """Why a row was refused, in one stable word."""

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
    VALIDATOR_ERROR_CODE = "REFUSED"


RowPath = tuple[str | int, ...]
"""Where in a row: the names of fields and the positions in lists that lead to a value."""


@dataclass(frozen=True)
class UserError:
    """One thing that is wrong with a row.

    Args:
        code: Why, for programs.
        path: Where in the row.
        message: What is wrong and what would be right, for people.
    """

    code: ErrorCode
    path: RowPath
    message: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.message}"


class Status(StrEnum):
    """What became of a row, or in a dry run would become of it."""

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


REFUSED = frozenset((Status.FAILED, Status.CONFLICT))
"""What becomes of a row that can't be written."""


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One field that a dry run would change.

    Args:
        field: Its name in the API.
        before: Its value as it is, in the form of inputs.
        after: Its value as it would be.
    """

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row of a write.

    Args:
        index: The row's position in the call.
        status: What became of it.
        id: The record; None where there is none. Of a refused row, the record whose state is in the way.
        errors: Why it was refused; of a written row, what of it was left out.
        key: What the row calls its record: its external id, its unique value or its id.
        diff: What a dry run would change; None where it is none.
    """

    index: int
    status: Status
    id: uuid.UUID | None
    errors: tuple[UserError, ...] = ()
    key: str | None = None
    diff: tuple[FieldDiff, ...] | None = None

    @property
    def refused(self) -> bool:
        """Whether the row could not be written."""
        return self.status in REFUSED
