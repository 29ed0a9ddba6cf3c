"""Timing: how long each stage of a request took, for the Server-Timing header (W3C Server Timing)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Timing:
    """The stages of one request.

    Args:
        stages: Each stage with its milliseconds, in order.
    """

    stages: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage, also one that fails."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.stages.append((name, (time.perf_counter() - started) * 1000))

    def header(self) -> str:
        """Return the header's value."""
        return ", ".join(f"{name};dur={milliseconds:.2f}" for name, milliseconds in self.stages)
