"""The counters of an import."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tenure_core.write.results import Status


@dataclass
class ImportCounts:
    """The progress of an import.

    Args:
        lines: Lines read, without the header.
        skipped: Lines that a condition of the map excludes.
        groups: Records to write, for a map with `group: true`; 0 until all lines are read.
        records: Records that were not rejected, by status.
        rejected: Lines, or groups of lines, that were rejected.
    """

    lines: int = 0
    skipped: int = 0
    groups: int = 0
    records: Counter[Status] = field(default_factory=Counter)
    rejected: int = 0

    @property
    def record_count(self) -> int:
        """The number of records that were not rejected."""
        return self.records.total()
