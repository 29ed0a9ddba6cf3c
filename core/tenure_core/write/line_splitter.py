"""Splits a stream of bytes into lines. No I/O."""

from __future__ import annotations

from collections.abc import Iterator


class LineSplitter:
    """Splits bytes at line feeds; at most one line is held in memory.

    Args:
        limit: Maximum length of a line in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """Yield the lines that end in the data, without line feeds; None for a line that is too long."""
        *ends, rest = data.split(b"\n")
        for piece in ends:
            self._append(piece)
            yield self._take_line()
        self._append(rest)

    def flush(self) -> Iterator[bytes | None]:
        """Yield the last line if it does not end with a line feed."""
        if self._size:
            yield self._take_line()

    def _append(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            self._pieces.clear()
        elif piece:
            self._pieces.append(piece)

    def _take_line(self) -> bytes | None:
        line = b"".join(self._pieces) if self._size <= self._limit else None
        self._pieces.clear()
        self._size = 0
        return line


class UniversalLineSplitter(LineSplitter):
    r"""Splits bytes at line feeds, carriage returns and pairs of both (\r\n). Lines include their ends."""

    _held = b""
    """A carriage return at the end of the data so far: the next data can start with its line feed."""

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """Yield the lines that end in the data, with their ends; None for a line that is too long."""
        data = self._held + data
        self._held = b"\r" if data.endswith(b"\r") else b""
        for piece in data.removesuffix(self._held).splitlines(keepends=True):
            self._append(piece)
            if piece.endswith((b"\r", b"\n")):
                yield self._take_line()

    def flush(self) -> Iterator[bytes | None]:
        """Yield the last line if it does not end with a line feed."""
        self._append(self._held)
        yield from super().flush()
