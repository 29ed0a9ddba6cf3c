"""Lines: a stream of bytes, cut where lines end. Pure."""

from __future__ import annotations

from collections.abc import Iterator


class LineSplitter:
    """Cuts bytes into lines, however they come, and holds no more than one of them.

    Args:
        limit: Bytes of a line, at most.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """Yield the lines that end in some more bytes, without their ends; None for one that is too long."""
        *ended, rest = data.split(b"\n")
        for piece in ended:
            self._keep(piece)
            yield self._line()
        self._keep(rest)

    def flush(self) -> Iterator[bytes | None]:
        """Yield the last line, where it has no end."""
        if self._size:
            yield self._line()

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            self._pieces.clear()
        elif piece:
            self._pieces.append(piece)

    def _line(self) -> bytes | None:
        line = b"".join(self._pieces) if self._size <= self._limit else None
        self._pieces.clear()
        self._size = 0
        return line
