"""Incremental CSV parser. No I/O. Used by bulk load and by the CSV import of the SDK."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import NamedTuple

from tenure_core.write.line_splitter import UniversalLineSplitter

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UNCLOSED_QUOTES = "unexpected end of data"
"""The message of the csv module for a text that ends inside quotes."""


class CsvRecord(NamedTuple):
    """One record of a CSV file; one line, or several lines if a quoted cell contains line breaks.

    Args:
        number: The number of its first line, counted from 1.
        cells: The values of its cells.
        source: Its bytes, without the line end.
    """

    number: int
    cells: list[str]
    source: bytes


class MalformedRecord(NamedTuple):
    """A record that cannot be parsed.

    Args:
        number: The number of its first line, counted from 1.
        message: The reason.
    """

    number: int
    message: str


class CsvParser:
    r"""Parses CSV (RFC 4180, in UTF-8) from pieces of any size; holds at most one record in memory.

    Lines end with \n, \r\n or \r. Empty lines are skipped. After a malformed record, parsing continues with
    the next one.

    Args:
        limit: Maximum size of a record in bytes.
        delimiter: The character between cells.
    """

    def __init__(self, limit: int, delimiter: str = ",") -> None:
        self._limit = limit
        self._delimiter = delimiter
        self._splitter = UniversalLineSplitter(limit)
        self._number = 0
        self._start = 0
        self._is_in_quotes = False
        self._lines: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[CsvRecord | MalformedRecord]:
        """Yield the records that end in the data."""
        for line in self._splitter.feed(data):
            yield from self._add_line(line)

    def flush(self) -> Iterator[CsvRecord | MalformedRecord]:
        """Yield the last record if it does not end with a line break."""
        for line in self._splitter.flush():
            yield from self._add_line(line)
        if self._is_in_quotes:
            yield MalformedRecord(self._start, "the quotes are not closed")

    def _add_line(self, line: bytes | None) -> Iterator[CsvRecord | MalformedRecord]:
        self._number += 1
        if not self._is_in_quotes:
            self._start = self._number
        if line and self._number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        try:
            source = self._complete(line)
            cells = self._parse(source) if source else []
        except ValueError as error:
            yield MalformedRecord(self._start, str(error))
        else:
            if source and cells:
                yield CsvRecord(self._start, cells, source.rstrip(b"\r\n"))

    def _complete(self, line: bytes | None) -> bytes | None:
        """Return the record that this line ends, or None if quotes are open at its end.

        Of a record that is too long, everything up to the closing quotes is discarded.

        Raises:
            ValueError: The record is too long.
        """
        has_odd_quotes = line is not None and line.count(b'"') % 2 == 1
        if line is not None and not self._is_in_quotes and not (has_odd_quotes and self._opens_quotes(line)):
            return line
        self._append(line)
        self._is_in_quotes ^= has_odd_quotes
        return None if self._is_in_quotes else self._take()

    def _opens_quotes(self, line: bytes) -> bool:
        """Return whether a line ends inside quotes; a quote inside an unquoted cell is part of its value."""
        try:
            self._read_cells(line.decode(errors="replace"))
        except csv.Error as error:
            return str(error) == UNCLOSED_QUOTES
        return False

    def _append(self, line: bytes | None) -> None:
        self._size += self._limit + 1 if line is None else len(line)
        if line is None or self._size > self._limit:
            self._lines.clear()
        else:
            self._lines.append(line)

    def _take(self) -> bytes:
        source, is_too_long = b"".join(self._lines), self._size > self._limit
        self._lines.clear()
        self._size = 0
        if is_too_long:
            raise ValueError(f"the row exceeds {self._limit} bytes; check that its quotes are closed")
        return source

    def _parse(self, source: bytes) -> list[str]:
        try:
            return self._read_cells(source.decode())
        except UnicodeDecodeError:
            raise ValueError("the row is not valid UTF-8") from None
        except csv.Error as error:
            raise ValueError(f"the row is not valid CSV: {error}") from None

    def _read_cells(self, text: str) -> list[str]:
        return next(csv.reader([text], delimiter=self._delimiter, strict=True), [])
