"""Reads a CSV file, optionally compressed with gzip, as a stream of records."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tenure_core.errors import BadUserInputError
from tenure_core.write.csv_parser import CsvParser, CsvRecord, MalformedRecord

MAX_RECORD_BYTES = 1_000_000
READ_BYTES = 65_536
REPORT_RECORDS = 5_000
"""The number of records between two calls of `on_progress`."""


class FileError(BadUserInputError):
    """A file cannot be read or written, or does not match the import map."""


class CsvFile:
    """An open CSV file: its header, and an iterator over its records, which can be read once.

    Args:
        path: The path of the file; a file whose name ends in .gz is decompressed.
        raw: The open file.
        encoding: The encoding of the file.
        delimiter: The character between cells.
        on_progress: Called every `REPORT_RECORDS` records.

    Raises:
        FileError: The file is empty or malformed.
    """

    def __init__(
        self, path: Path, raw: BinaryIO, encoding: str, delimiter: str, on_progress: Callable[[CsvFile], None]
    ) -> None:
        self._path = path
        self._on_progress = on_progress
        self._raw = raw
        self._size = path.stat().st_size
        self._number = 0
        self._records = self._read_records(encoding, CsvParser(MAX_RECORD_BYTES, delimiter))
        header = next(self._records, None)
        if header is None:
            raise FileError(f"{path} is empty.", "Write the column names in the first line.")
        self.header = header.cells

    @property
    def share_read(self) -> float:
        """The part of the file that was read, from 0 to 1."""
        return self._raw.tell() / max(self._size, 1)

    def __iter__(self) -> Iterator[CsvRecord]:
        for count, record in enumerate(self._records, start=1):
            yield record
            if count % REPORT_RECORDS == 0:
                self._on_progress(self)

    def _read_records(self, encoding: str, parser: CsvParser) -> Iterator[CsvRecord]:
        try:
            for data in self._read_utf8(encoding):
                yield from map(self._check_record, parser.feed(data))
            yield from map(self._check_record, parser.flush())
        except UnicodeError as error:
            raise FileError(
                f"{self._path}, after line {self._number}: {error}.",
                "Set the encoding of the file in the import map, for example `encoding: cp1252`.",
            ) from None
        except (OSError, EOFError) as error:
            raise FileError(f"{self._path}, after line {self._number}: {error}.") from None

    def _read_utf8(self, encoding: str) -> Iterator[bytes]:
        file = gzip.GzipFile(fileobj=self._raw) if self._path.suffix == ".gz" else self._raw
        pieces = iter(lambda: file.read(READ_BYTES), b"")
        return (text.encode() for text in codecs.iterdecode(pieces, encoding))

    def _check_record(self, record: CsvRecord | MalformedRecord) -> CsvRecord:
        self._number = record.number
        if isinstance(record, MalformedRecord):
            raise FileError(f"{self._path}, line {record.number}: {record.message}.")
        return record


@contextmanager
def open_csv(
    path: Path, encoding: str, delimiter: str, on_progress: Callable[[CsvFile], None] = lambda _: None
) -> Iterator[CsvFile]:
    """Open a CSV file; see `CsvFile`.

    Raises:
        FileError: The file cannot be opened, is not seekable, is empty or is malformed.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise FileError(f"{path} cannot be opened: {error.strerror}.") from None
    with raw:
        if not raw.seekable():
            raise FileError(f"{path} is a pipe, but the import reads it twice.", "Save it as a file.")
        yield CsvFile(path, raw, encoding, delimiter, on_progress)
