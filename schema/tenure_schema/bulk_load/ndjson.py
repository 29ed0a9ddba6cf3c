"""Reads the rows of an NDJSON body; the form of a row that is common to NDJSON and CSV."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import NamedTuple, Protocol

import orjson

from tenure_core.write.csv_parser import BYTE_ORDER_MARK
from tenure_core.write.line_splitter import LineSplitter
from tenure_core.write.results import ErrorCode, UserError
from tenure_core.write.rows.upsert_row import MalformedRow
from tenure_schema.http.request_parsing import count_brackets, is_deeper_than

PATH_LEVELS = 3
"""The maximum number of levels of a CSV row for which its text has no brackets: `match.externalRef.id`."""


class RawRow(NamedTuple):
    """A row that has not been validated.

    Args:
        row: The row for `upsert`: the parsed JSON, or a MalformedRow.
        key: The match key as it was received; None if there is none.
        size: Its size in bytes.
    """

    row: object
    key: Hashable
    size: int


class Rows(Protocol):
    """Reads rows from bytes that arrive in pieces of any size."""

    def feed(self, data: bytes) -> Iterator[RawRow]:
        """Yield the rows that end in the data."""

    def flush(self) -> Iterator[RawRow]:
        """Yield the last row if it does not end with a line break."""


def create_row(row: object, source: bytes, max_depth: int) -> RawRow:
    """Return a row, or a rejected row if it is nested too deeply.

    Args:
        row: The parsed row.
        source: Its bytes.
        max_depth: Maximum nesting.
    """
    if PATH_LEVELS + count_brackets(source) > max_depth and is_deeper_than(row, max_depth):
        return reject_row(f"the row is nested more than {max_depth} levels deep", len(source))
    return RawRow(row, _read_match_key(row), len(source))


def _read_match_key(row: object) -> Hashable:
    match = row.get("match") if isinstance(row, dict) else None
    return None if match is None else orjson.dumps(match, option=orjson.OPT_SORT_KEYS)


def reject_row(message: str, size: int = 0, code: ErrorCode = ErrorCode.INVALID) -> RawRow:
    """Return a row that is reported as failed with the message."""
    return RawRow(MalformedRow((UserError(code, (), message),)), None, size)


class JsonRows:
    """Reads rows from NDJSON: one JSON object per line.

    Args:
        limit: Maximum size of a row in bytes.
        max_depth: Maximum nesting of a row.
    """

    def __init__(self, limit: int, max_depth: int) -> None:
        self._limit = limit
        self._max_depth = max_depth
        self._splitter = LineSplitter(limit)
        self._is_first_line = True

    def feed(self, data: bytes) -> Iterator[RawRow]:
        """Yield the rows that end in the data."""
        return self._read_lines(self._splitter.feed(data))

    def flush(self) -> Iterator[RawRow]:
        """Yield the last row if it does not end with a line break."""
        return self._read_lines(self._splitter.flush())

    def _read_lines(self, lines: Iterator[bytes | None]) -> Iterator[RawRow]:
        for line in lines:
            if line is None:
                yield reject_row(f"the row exceeds {self._limit} bytes", code=ErrorCode.TOO_LONG)
            elif text := (line.removeprefix(BYTE_ORDER_MARK) if self._is_first_line else line).strip():
                yield self._read_row(text)
            self._is_first_line = False

    def _read_row(self, line: bytes) -> RawRow:
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            return reject_row(f"the line is not valid JSON: {error}", len(line))
        return create_row(row, line, self._max_depth)
