"""Rejects: the refused lines of a file with the reasons, as a file that can be mended and imported again."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from tenure_sdk.csv_import.csv_reader import FileError, Row


class Rejects:
    """The file of the refused lines; there is none where nothing is refused.

    Args:
        path: Where to write it. What an earlier run left there is removed.
        imported: The file that is imported.
        header: Its columns: they stay, and `line` and `reason` come behind them.

    Raises:
        FileError: The two files are one.
    """

    def __init__(self, path: Path, imported: Path, header: Sequence[str]) -> None:
        if path.exists() and path.samefile(imported):
            raise FileError(f"{path} is the file to import.", "Choose another for the refused lines.")
        self.path = path
        self._header = header
        self._file: IO[str] | None = None

    def __enter__(self) -> Rejects:
        if self.path.is_file():
            self.path.unlink()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def add(self, row: Row, reasons: Sequence[str]) -> None:
        """Write a refused line.

        Raises:
            FileError: The file can't be written.
        """
        try:
            if self._file is None:
                self._file = self.path.open("w", encoding="utf-8", newline="")
                csv.writer(self._file).writerow([*self._header, "line", "reason"])
            csv.writer(self._file).writerow([*row.cells, row.number, "; ".join(reasons)])
        except OSError as error:
            raise FileError(
                f"{self.path} can't be written: {error.strerror}.", "Choose another place."
            ) from None
