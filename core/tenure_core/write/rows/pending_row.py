"""Drafts: rows on their way into a table, with what is known of each so far."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.entities.scalar_types import INT
from tenure_core.write.field_ownership import FieldOwner, split
from tenure_core.write.results import ErrorCode, RowPath, RowResult, Status, UserError
from tenure_core.write.rows.validate import Validated, record_id, to_user_error, validate

Row = Mapping[str, object]
"""A row as a client sends it: JSON values by the API's names."""

Key = TypeVar("Key", bound=Hashable)

EXPECTED_VERSION = "expectedVersion"
"""What a row calls the version that its record must have."""


ForeignFields = Mapping[str, FieldOwner]
"""The fields that belong to other systems than the writer's, by their names."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as it lies in its table, locked.

    Args:
        version: How often it was written.
        deleted: Whether it is deleted.
    """

    version: int
    deleted: bool


@dataclass(slots=True)
class PendingRow:
    """One row.

    Args:
        row: The row without what is not of its record.
        said: What it says, and what is wrong with it.
        id: Its record.
        expected: The version that its record must have; None for any.
        stored: The record as it is; None for a new one.
        status: What became of it.
        notes: What of it was left out, though it was written.
    """

    row: Row
    parsed: Validated = field(default_factory=Validated)
    id: uuid.UUID | None = None
    expected: int | None = None
    stored: Stored | None = None
    status: Status = Status.FAILED
    notes: list[UserError] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong with it so far."""
        return not self.parsed.errors

    def add_error(self, code: ErrorCode, path: RowPath, message: str) -> None:
        """Note something that is wrong with it."""
        self.parsed.errors.append(UserError(code, path, message))

    def expect(self, version: object) -> None:
        """Take in the version that a row says its record must have."""
        if version is None:
            return
        try:
            self.expected = INT.parse(version)  # type: ignore[assignment]  # INT makes whole numbers
        except ValueError as error:
            self.parsed.errors.append(to_user_error(error, (EXPECTED_VERSION,)))

    def check_version(self) -> None:
        """Refuse it where its record has another version than it expects; one that is not there has 0."""
        actual = self.stored.version if self.stored else 0
        if self.expected is not None and self.expected != actual:
            self.add_error(
                ErrorCode.STALE_VERSION,
                (EXPECTED_VERSION,),
                f"the record's version is {actual}, not {self.expected}: read it again",
            )

    def result(self, index: int, key: str | None = None) -> RowResult:
        """Return what became of it."""
        if not self.parsed.errors:
            return RowResult(index, self.status, self.id, tuple(self.notes), key)
        in_the_way = any(e.code in SHOWS_RECORD for e in self.parsed.errors) and self.stored is not None
        errors = (*self.parsed.errors, *self.notes)
        return RowResult(index, Status.FAILED, self.id if in_the_way else None, errors, key)


def read_fields(
    entity: EntityInfo, row: Row, foreign: ForeignFields, *, creating: bool
) -> tuple[Row, Validated, list[UserError]]:
    """Return the fields of a row that may be written, what they say, and a note on each that was left out."""
    if not foreign or foreign.keys().isdisjoint(row):
        return row, validate(entity, row, creating), []
    row, errors, notes = split(row, foreign)
    said = validate(entity, row, creating)
    said.errors += errors
    return row, said, notes


SHOWS_RECORD = frozenset((ErrorCode.STALE_VERSION, ErrorCode.STALE_SOURCE, ErrorCode.COUNTS_DIFFER))
"""Errors that come of the record's state, which the client then wants to see."""


AnyRow = TypeVar("AnyRow", bound=PendingRow)


def valid_rows(drafts: Iterable[AnyRow]) -> list[AnyRow]:
    """Return the drafts with which nothing is wrong so far."""
    return [draft for draft in drafts if not draft.parsed.errors]


def results(drafts: Iterable[PendingRow]) -> list[RowResult]:
    """Return what became of each draft."""
    return [draft.result(index) for index, draft in enumerate(drafts)]


def parse_ids(drafts: Sequence[PendingRow], ids: Iterable[object]) -> None:
    """Give each draft the id that it was sent with, once in a call."""
    for draft, identity in zip(drafts, parse_unique_keys(drafts, ids, ("id",), record_id), strict=True):
        draft.id = identity


def parse_unique_keys(
    drafts: Sequence[PendingRow], sent: Iterable[object], path: RowPath, read: Callable[[object], Key]
) -> list[Key | None]:
    """Return each draft's key, and refuse a draft that has none, or one that an earlier draft has."""
    first: dict[Key, int] = {}
    keys: list[Key | None] = []
    for index, (draft, value) in enumerate(zip(drafts, sent, strict=True)):
        try:
            key = read(value)
        except ValueError as error:
            draft.parsed.errors.append(to_user_error(error, path))
            keys.append(None)
        else:
            if first.setdefault(key, index) != index:
                draft.add_error(ErrorCode.DUPLICATE_KEY, path, f"row {first[key]} of this call has it, too")
            keys.append(key)
    return keys
