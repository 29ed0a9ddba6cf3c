"""The reader: a CSV file, packed with gzip or not, as a stream of rows."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tenure_core.errors import BadUserInputError

ROWS_BETWEEN_CALLS = 5_000


class FileError(BadUserInputError):
    """A file that can't be imported: unreadable, or not what the map says."""


@dataclass(frozen=True)
class Row:
    """A row of the file.

    Args:
        number: The line on which it begins, counted from 1.
        cells: Its texts.
    """

    number: int
    cells: Sequence[str]


class CsvFile:
    """A CSV file while it is read: its header, then its rows, once.

    Args:
        path: Where it is; a name that ends in .gz is unpacked.
        raw: Its bytes.
        encoding: How its characters are written.
        delimiter: What stands between two cells.
        on_rows: Called now and then while the rows are read.

    Raises:
        FileError: It is empty, or can't be read.
    """

    def __init__(
        self, path: Path, raw: BinaryIO, encoding: str, delimiter: str, on_rows: Callable[[CsvFile], None]
    ) -> None:
        self._path = path
        self._on_rows = on_rows
        self._raw = raw
        self._size = path.stat().st_size
        unpacked = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
        text = io.TextIOWrapper(unpacked, encoding, newline="")
        self._rows = csv.reader(text, delimiter=delimiter, strict=True)
        header = next(iter(self), None)
        if header is None:
            raise FileError(f"{path} is empty.", "Its first line must name the columns.")
        self.header = header.cells

    @property
    def share_read(self) -> float:
        """How much of it was read, from 0 to 1."""
        return self._raw.tell() / max(self._size, 1)

    def __iter__(self) -> Iterator[Row]:
        while True:
            number = self._rows.line_num + 1
            try:
                cells = next(self._rows)
            except StopIteration:
                return
            except UnicodeError as error:
                hint = "Say in the map how its characters are written: `encoding: cp1252`, for example."
                raise FileError(f"{self._path}, soon after line {number}: {error}.", hint) from None
            except (csv.Error, OSError, EOFError) as error:
                raise FileError(f"{self._path}, line {number}: {error}.") from None
            if cells:
                yield Row(number, cells)
            if number % ROWS_BETWEEN_CALLS == 0:
                self._on_rows(self)


@contextmanager
def open_csv(
    path: Path, encoding: str, delimiter: str, on_rows: Callable[[CsvFile], None] = lambda _: None
) -> Iterator[CsvFile]:
    """Open a CSV file.

    Args:
        path: Where it is; a name that ends in .gz is unpacked.
        encoding: How its characters are written.
        delimiter: What stands between two cells.
        on_rows: Called now and then while the rows are read.

    Raises:
        FileError: It can't be opened, is empty, or turns out not to be what it should while it is read.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise FileError(f"{path} can't be opened: {error.strerror}.") from None
    with raw:
        if not raw.seekable():
            raise FileError(f"{path} is a pipe, which can be read but once.", "Save it as a file.")
        yield CsvFile(path, raw, encoding, delimiter, on_rows)
