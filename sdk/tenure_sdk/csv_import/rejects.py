"""The rejects file: the rejected lines of an import with the reasons. It can be corrected and imported."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from tenure_core.write.csv_parser import CsvRecord
from tenure_sdk.csv_import.csv_reader import FileError


class RejectsFile:
    """Writes the rejects file. The file is created with its first line.

    Args:
        path: The path of the file. The file of an earlier run is deleted.
        source: The imported file.
        header: The columns of the imported file, to which `line` and `reason` are appended.

    Raises:
        FileError: Both paths are the same file.
    """

    def __init__(self, path: Path, source: Path, header: Sequence[str]) -> None:
        if path.exists() and path.samefile(source):
            raise FileError(f"{path} is the file to import.", "Choose another rejects file.")
        self.path = path
        self._header = header
        self._file: IO[str] | None = None

    def __enter__(self) -> RejectsFile:
        if self.path.is_file():
            self.path.unlink()
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def add(self, row: CsvRecord, reasons: Sequence[str]) -> None:
        """Write a rejected line.

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
                f"{self.path} can't be written: {error.strerror}.", "Choose another path."
            ) from None
