"""Gathering: the rows of a long load, put together to the chunks in which they are written."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

MAX_ROWS = 1_000
"""How many rows a chunk has at most."""

MAX_BYTES = 2_000_000
"""What the rows of a chunk weigh together at most, where nothing else is said."""

Row = TypeVar("Row")


class Chunker(Generic[Row]):
    """Rows that wait for their chunk to be full.

    No key stands twice in a chunk: of two rows with one key the later comes in a later chunk, and wins,
    wherever the chunks happen to begin.

    Args:
        max_bytes: What the rows of a chunk weigh together at most; a single row may weigh more.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._rows: list[Row] = []
        self._keys: set[Hashable] = set()
        self._bytes = 0

    def add(self, row: Row, key: Hashable = None, size: int = 0) -> list[Row]:
        """Take a row in, and return the chunk that it no longer fits into; an empty one while it does.

        Args:
            row: The row.
            key: What names its record; None where it does not say.
            size: What it weighs, in bytes.
        """
        fits = len(self._rows) < MAX_ROWS and self._bytes + size <= self._max_bytes and key not in self._keys
        full = [] if fits else self.flush()
        self._rows.append(row)
        self._bytes += size
        if key is not None:
            self._keys.add(key)
        return full

    def flush(self) -> list[Row]:
        """Return the rows that still wait, and begin anew."""
        rows = self._rows
        self._rows, self._keys, self._bytes = [], set(), 0
        return rows
