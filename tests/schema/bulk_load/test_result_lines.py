"""Result lines: one JSON object per row, numbered over all chunks, and a last line with the totals."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
import pytest

from tenure_core.write.chunks import ErrorPolicy
from tenure_core.write.results import ErrorCode, FieldDiff, RowResult, Status, UserError
from tenure_schema.bulk_load.result_lines import ResultLines

ID = uuid.uuid4()
CREATED = RowResult(0, Status.CREATED, ID, key="1")
FAILED = RowResult(0, Status.FAILED, None, (UserError(ErrorCode.INVALID, ("tags", 2), "is not valid"),))


def parse(lines: bytes) -> list[dict[str, Any]]:
    assert lines.endswith(b"\n")
    return [orjson.loads(line) for line in lines.splitlines()]


def test_a_line_contains_the_result_of_its_row() -> None:
    assert parse(ResultLines(ErrorPolicy.REJECT_FAILED_ROWS).render_chunk([CREATED, FAILED]))[:1] == [
        {"index": 0, "rowKey": "1", "status": "CREATED", "id": str(ID), "userErrors": []}
    ]


def test_the_path_of_an_error_contains_strings() -> None:
    [line] = parse(ResultLines(ErrorPolicy.REJECT_FAILED_ROWS).render_chunk([FAILED]))
    assert line["userErrors"] == [{"code": "INVALID", "path": ["tags", "2"], "message": "is not valid"}]


def test_only_a_dry_run_has_a_diff() -> None:
    preview = RowResult(0, Status.WOULD_UPDATE, ID, diff=(FieldDiff("name", "A", None),))
    [line] = parse(ResultLines(ErrorPolicy.REJECT_FAILED_ROWS).render_chunk([preview]))
    assert line["diff"] == [{"field": "name", "before": "A", "after": None}]


def test_the_index_counts_the_rows_of_all_chunks() -> None:
    lines = ResultLines(ErrorPolicy.REJECT_FAILED_ROWS)
    lines.render_chunk([CREATED, RowResult(1, Status.CREATED, ID)])
    assert [line["index"] for line in parse(lines.render_chunk([CREATED]))] == [2]


@pytest.mark.parametrize(
    ("policy", "ok"), [(ErrorPolicy.REJECT_FAILED_ROWS, False), (ErrorPolicy.IGNORE_FAILED, True)]
)
def test_the_last_line_contains_the_totals(policy: ErrorPolicy, ok: bool) -> None:
    lines = ResultLines(policy)
    lines.render_chunk([CREATED, FAILED])
    assert lines.has_rejections
    [end] = parse(lines.render_end())
    assert end == {"done": True, "ok": ok, "rows": 2, "counts": {"CREATED": 1, "FAILED": 1}}


def test_the_last_line_of_an_aborted_load_contains_the_errors() -> None:
    lines = ResultLines(ErrorPolicy.IGNORE_FAILED)
    lines.render_chunk([CREATED])
    [end] = parse(lines.render_abort([{"message": "Timeout."}]))
    expected = {"done": False, "ok": False, "rows": 1, "counts": {"CREATED": 1}}
    assert end == {**expected, "errors": [{"message": "Timeout."}]}
