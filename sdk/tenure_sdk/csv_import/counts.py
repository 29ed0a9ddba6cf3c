"""Totals: what an import has done so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tenure_core.write.results import Status


@dataclass
class ImportCounts:
    """What an import has done so far.

    Args:
        lines: Lines read, without the header.
        left_out: Lines that a condition of the map left out.
        groups: What the lines make, where they are grouped; 0 until all are read.
        records: Records by what became of them.
        refused: Lines and groups of lines that could not be written.
    """

    lines: int = 0
    left_out: int = 0
    groups: int = 0
    records: Counter[Status] = field(default_factory=Counter)
    refused: int = 0

    @property
    def written(self) -> int:
        """Records that are now as the file says."""
        return self.records.total()
