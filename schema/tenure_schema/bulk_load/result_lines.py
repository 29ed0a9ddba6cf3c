"""Answers: the lines that tell what became of the rows of a load, and the one that ends them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tenure_core.write.chunks import ErrorPolicy
from tenure_core.write.results import REFUSED, RowResult, Status


@dataclass
class ResultLines:
    """What has been answered so far.

    Args:
        policy: Whether faulty rows are faults of the load.
        counts: Rows by what became of them.
    """

    policy: ErrorPolicy
    counts: Counter[Status] = field(default_factory=Counter)

    @property
    def has_faults(self) -> bool:
        """Whether a row was refused so far."""
        return any(self.counts[status] for status in REFUSED)

    def lines(self, results: Sequence[RowResult]) -> bytes:
        """Return the lines of a chunk, and count its rows."""
        first = self.counts.total()
        self.counts.update(result.status for result in results)
        return b"".join(_line(_shown(result, first + result.index)) for result in results)

    def end(self) -> bytes:
        """Return the last line of a load that came to its end."""
        ok = self.policy is ErrorPolicy.IGNORE_FAILED or not self.has_faults
        return _line({"done": True, "ok": ok, **self._totals()})

    def aborted(self, errors: Sequence[dict[str, Any]]) -> bytes:
        """Return the last line of a load that did not come to its end: what is told above stays written."""
        return _line({"done": False, "ok": False, **self._totals(), "errors": errors})

    def _totals(self) -> dict[str, Any]:
        return {"rows": self.counts.total(), "counts": self.counts}


def _shown(result: RowResult, index: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "index": index,
        "rowKey": result.key,
        "status": result.status,
        "id": result.id,
        "userErrors": [
            {"code": error.code, "path": [*map(str, error.path)], "message": error.message}
            for error in result.errors
        ],
    }
    if result.diff is not None:
        shown["diff"] = result.diff
    return shown


def _line(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS) + b"\n"
