"""Rows: what the lines of a body say, one after the other, also where they say nothing that can be read."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import NamedTuple, Protocol

import orjson

from tenure_core.write.line_splitter import LineSplitter
from tenure_core.write.results import ErrorCode, RowPath, UserError
from tenure_core.write.rows.upsert_row import MalformedRow
from tenure_schema.http.request_parsing import deeper_than

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class RawRow(NamedTuple):
    """One row as it came.

    Args:
        row: What `upsert` takes.
        key: What names its record, as it was written; None where it does not say.
        size: How many bytes it had.
    """

    row: object
    key: Hashable
    size: int


class Rows(Protocol):
    """Reads rows from bytes, however they come."""

    def read(self, data: bytes) -> Iterator[RawRow]:
        """Yield the rows that are complete with some more bytes."""

    def rest(self) -> Iterator[RawRow]:
        """Yield the row that the body's end completes."""


def unreadable(message: str, size: int, *, code: ErrorCode = ErrorCode.INVALID, path: RowPath = ()) -> RawRow:
    """Return a row that can't be read, with the reason."""
    return RawRow(MalformedRow((UserError(code, path, message),)), None, size)


def too_long(limit: int) -> RawRow:
    """Return a row that was longer than what is kept of one."""
    return unreadable(f"the row has more than {limit} bytes", 0, code=ErrorCode.TOO_LONG)


def key_of(row: object) -> Hashable:
    """Return what names a row's record, as it was written."""
    match = row.get("match") if isinstance(row, dict) else None
    return None if match is None else orjson.dumps(match, option=orjson.OPT_SORT_KEYS)


def sent(row: object, written: bytes, max_depth: int) -> RawRow:
    """Return a row that was read, or why it is refused where it is nested too deep."""
    # Counting brackets is cheaper than looking inside, and tells of nearly every row that it is flat.
    brackets = written.count(b"{") + written.count(b"[")
    if brackets > max_depth and deeper_than(row, max_depth):
        return unreadable(f"the row is nested more than {max_depth} deep", len(written))
    return RawRow(row, key_of(row), len(written))


class JsonRows:
    """Reads rows from JSON objects, one a line (NDJSON).

    Args:
        limit: Bytes of a row, at most.
        max_depth: Nesting of a row, at most.
    """

    def __init__(self, limit: int, max_depth: int) -> None:
        self._limit = limit
        self._max_depth = max_depth
        self._lines = LineSplitter(limit)
        self._begun = False

    def read(self, data: bytes) -> Iterator[RawRow]:
        """Yield the rows that are complete with some more bytes."""
        return self._rows(self._lines.feed(data))

    def rest(self) -> Iterator[RawRow]:
        """Yield the row that the body's end completes."""
        return self._rows(self._lines.flush())

    def _rows(self, lines: Iterator[bytes | None]) -> Iterator[RawRow]:
        for line in lines:
            if line is None:
                yield too_long(self._limit)
            elif text := (line if self._begun else line.removeprefix(BYTE_ORDER_MARK)).strip():
                yield self._row(text)
            self._begun = True

    def _row(self, line: bytes) -> RawRow:
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            return unreadable(f"the line is no JSON: {error}", len(line))
        return sent(row, line, self._max_depth)
