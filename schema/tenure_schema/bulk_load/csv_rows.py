"""Tables: CSV as rows. The header names fields as paths: `name`, `address.city`, `match.externalRef.id`."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.errors import BadUserInputError
from tenure_core.write.line_splitter import LineSplitter
from tenure_schema.bulk_load.csv_header import Header
from tenure_schema.bulk_load.ndjson import BYTE_ORDER_MARK, RawRow, sent, unreadable

INSIDE_OF_QUOTES = "unexpected end of data"
"""What the csv module says of a text that ends where quotes are open."""


class CsvRows:
    """Reads rows from CSV (RFC 4180, in UTF-8), whose first line names the columns.

    Args:
        entity: What the rows are of.
        limit: Bytes of a row, at most.
        max_depth: Nesting of a row, at most.
    """

    def __init__(self, entity: EntityInfo, limit: int, max_depth: int) -> None:
        self._entity = entity
        self._max_depth = max_depth
        self._lines = LineSplitter(limit)
        self._records = _Records(limit)
        self._header: Header | None = None

    def read(self, data: bytes) -> Iterator[RawRow]:
        """Yield the rows that are complete with some more bytes.

        Raises:
            BadUserInputError: The first line does not name columns that there are.
        """
        for line in self._lines.feed(data):
            yield from self._line(line)

    def rest(self) -> Iterator[RawRow]:
        """Yield the row that the body's end completes.

        Raises:
            BadUserInputError: There is no line, or the only one does not name columns that there are.
        """
        for line in self._lines.flush():
            yield from self._line(line)
        if self._records.inside_of_quotes:
            yield unreadable("the body ends inside of quotes", 0)
        self._refuse_no_header("The body has no first line.")

    def _line(self, line: bytes | None) -> Iterator[RawRow]:
        if line and not self._header:
            line = line.removeprefix(BYTE_ORDER_MARK)
        try:
            record = self._records.add(line)
            cells = _cells(record) if record else []
            if record and cells and self._header:
                yield sent(self._header.row(cells), record, self._max_depth)
        except ValueError as error:
            self._refuse_no_header(f"The first line can't be read: {error}.")
            yield unreadable(str(error), 0)
        else:
            if cells and not self._header:
                self._header = Header(self._entity, cells)

    def _refuse_no_header(self, message: str) -> None:
        if self._header is None:
            raise BadUserInputError(message, "It must name the columns, in UTF-8.")


class _Records:
    """Puts lines together to records: a cell in quotes may hold ends of lines."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: list[bytes] = []
        self._size = 0
        self.inside_of_quotes = False

    def add(self, line: bytes | None) -> bytes | None:
        """Return the record that a line completes; None where quotes are open at its end.

        What is too long is left out up to the end of its quotes: nothing in them is taken for a record.

        Raises:
            ValueError: The record is too long.
        """
        turns = line is not None and line.count(b'"') % 2 == 1
        if line is not None and not self.inside_of_quotes and not (turns and _opens_quotes(line)):
            return line
        self._keep(line)
        self.inside_of_quotes ^= turns
        return None if self.inside_of_quotes else self._take()

    def _keep(self, line: bytes | None) -> None:
        self._size += self._limit + 1 if line is None else len(line) + 1
        if line is None or self._size > self._limit:
            self._lines.clear()
        else:
            self._lines.append(line)

    def _take(self) -> bytes:
        record, is_too_long = b"\n".join(self._lines), self._size > self._limit
        self._lines.clear()
        self._size = 0
        if is_too_long:
            raise ValueError(f"the row has more than {self._limit} bytes, which its quotes may enclose")
        return record


def _opens_quotes(line: bytes) -> bool:
    """Return whether quotes are open at the end of a line; one in the midst of a plain cell opens none."""
    try:
        next(csv.reader([line.decode(errors="replace")], strict=True))
    except csv.Error as error:
        return str(error) == INSIDE_OF_QUOTES
    return False


def _cells(record: bytes) -> list[str]:
    """Return the cells of a record; none for an empty line.

    Raises:
        ValueError: It is no CSV, or not in UTF-8.
    """
    try:
        return next(csv.reader([record.decode()], strict=True), [])
    except UnicodeDecodeError:
        raise ValueError("the row is not in UTF-8") from None
    except csv.Error as error:
        raise ValueError(f"the row is no CSV: {error}") from None
