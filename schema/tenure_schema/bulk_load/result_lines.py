"""The lines of a bulk load's response: one per row, and a last line with the totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tenure_core.write.chunks import ErrorPolicy
from tenure_core.write.results import REJECTED_STATUSES, RowResult, Status


@dataclass
class ResultLines:
    """Renders the lines and counts the rows.

    Args:
        policy: With IGNORE_FAILED, rejected rows do not set `ok` to false.
        counts: The number of rows by status.
    """

    policy: ErrorPolicy
    counts: Counter[Status] = field(default_factory=Counter)

    @property
    def has_rejections(self) -> bool:
        """Whether a row was rejected."""
        return any(self.counts[status] for status in REJECTED_STATUSES)

    def render_chunk(self, results: Sequence[RowResult]) -> bytes:
        """Return the lines of a chunk, and add its rows to the counts."""
        first = self.counts.total()
        self.counts.update(result.status for result in results)
        return b"".join(_render_line(_render_result(result, first + result.index)) for result in results)

    def render_end(self) -> bytes:
        """Return the last line of a load that read the whole body."""
        ok = self.policy is ErrorPolicy.IGNORE_FAILED or not self.has_rejections
        return _render_line({"done": True, "ok": ok, **self._render_totals()})

    def render_abort(self, errors: Sequence[dict[str, Any]]) -> bytes:
        """Return the last line of a load that ended early; the rows in the lines before are committed."""
        return _render_line({"done": False, "ok": False, **self._render_totals(), "errors": errors})

    def _render_totals(self) -> dict[str, Any]:
        return {"rows": self.counts.total(), "counts": self.counts}


def _render_result(result: RowResult, index: int) -> dict[str, Any]:
    line: dict[str, Any] = {
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
        line["diff"] = result.diff
    return line


def _render_line(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS) + b"\n"
