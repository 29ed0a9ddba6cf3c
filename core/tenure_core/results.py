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
    """What became of a row."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    NOOP = "NOOP"
    RESTORED = "RESTORED"
    DELETED = "DELETED"
    FAILED = "FAILED"


@dataclass(frozen=True)
class RowResult:
    """What became of one row of a write.

    Args:
        index: The row's position in the call.
        status: What became of it.
        id: The record; None where there is none.
        errors: Why it failed; empty where it did not.
    """

    index: int
    status: Status
    id: uuid.UUID | None
    errors: tuple[UserError, ...] = ()
