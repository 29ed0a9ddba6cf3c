"""Reads the rows of a CSV body. The header names fields as paths: `name`, `address.city`, `match.id`."""

from __future__ import annotations

from collections.abc import Iterator

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.errors import BadUserInputError
from tenure_core.write.csv_parser import CsvParser, CsvRecord, MalformedRecord
from tenure_schema.bulk_load.csv_header import Header
from tenure_schema.bulk_load.ndjson import RawRow, create_row, reject_row


class CsvRows:
    """Reads rows from CSV in UTF-8; the first record contains the column names.

    Args:
        entity: The entity of the rows.
        limit: Maximum size of a row in bytes.
        max_depth: Maximum nesting of a row.
    """

    def __init__(self, entity: EntityInfo, limit: int, max_depth: int) -> None:
        self._entity = entity
        self._max_depth = max_depth
        self._parser = CsvParser(limit)
        self._header: Header | None = None

    def feed(self, data: bytes) -> Iterator[RawRow]:
        """Yield the rows that end in the data.

        Raises:
            BadUserInputError: The header is malformed or names an unknown column.
        """
        for record in self._parser.feed(data):
            yield from self._read_record(record)

    def flush(self) -> Iterator[RawRow]:
        """Yield the last row if it does not end with a line break.

        Raises:
            BadUserInputError: The header is missing, malformed or names an unknown column.
        """
        for record in self._parser.flush():
            yield from self._read_record(record)
        if self._header is None:
            raise _create_header_error("The body has no header.")

    def _read_record(self, record: CsvRecord | MalformedRecord) -> Iterator[RawRow]:
        if self._header:
            yield self._read_row(self._header, record)
        elif isinstance(record, MalformedRecord):
            raise _create_header_error(f"The header cannot be parsed: {record.message}.")
        else:
            self._header = Header(self._entity, record.cells)

    def _read_row(self, header: Header, record: CsvRecord | MalformedRecord) -> RawRow:
        if isinstance(record, MalformedRecord):
            return reject_row(record.message)
        try:
            row = header.build_row(record.cells)
        except ValueError as error:
            return reject_row(str(error))
        return create_row(row, record.source, self._max_depth)


def _create_header_error(message: str) -> BadUserInputError:
    return BadUserInputError(message, "Send the column names as the first line, in UTF-8.")
