"""Divides the rows of a long load into chunks; each chunk is written in one transaction."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

MAX_ROWS = 1_000
"""Maximum number of rows in a chunk."""

MAX_BYTES = 2_000_000
"""Default maximum size of a chunk in bytes."""

Row = TypeVar("Row")


class Chunker(Generic[Row]):
    """Collects rows until a chunk is full.

    A chunk contains a key only once: a later row with the same key is written in a later chunk, so that its
    values are stored last.

    Args:
        max_bytes: Maximum size of a chunk in bytes; a single row may be larger.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._rows: list[Row] = []
        self._keys: set[Hashable] = set()
        self._bytes = 0

    def add(self, row: Row, key: Hashable = None, size: int = 0) -> list[Row]:
        """Add a row, and return the previous chunk if the row does not fit into it.

        Args:
            row: The row.
            key: Key of the row's record; None if unknown.
            size: Size of the row in bytes.

        Returns:
            The rows of the full chunk; empty if the row was added to the current chunk.
        """
        fits = len(self._rows) < MAX_ROWS and self._bytes + size <= self._max_bytes and key not in self._keys
        full = [] if fits else self.flush()
        self._rows.append(row)
        self._bytes += size
        if key is not None:
            self._keys.add(key)
        return full

    def flush(self) -> list[Row]:
        """Return the collected rows, and start a new chunk."""
        rows = self._rows
        self._rows, self._keys, self._bytes = [], set(), 0
        return rows
