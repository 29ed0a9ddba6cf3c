"""NDJSON rows: one JSON object per line; invalid lines are rejected rows, and blank lines are skipped."""

from __future__ import annotations

import pytest

from tenure_core.write.results import ErrorCode
from tenure_core.write.rows.upsert_row import MalformedRow
from tenure_schema.bulk_load.ndjson import JsonRows, RawRow


def read_rows(*pieces: bytes, limit: int = 100, max_depth: int = 4) -> list[RawRow]:
    rows = JsonRows(limit, max_depth)
    return [*(row for piece in pieces for row in rows.feed(piece)), *rows.flush()]


def get_error(row: RawRow) -> tuple[ErrorCode, str]:
    assert isinstance(row.row, MalformedRow)
    [error] = row.row.errors
    return error.code, error.message


def test_a_line_can_arrive_in_pieces_and_end_without_a_line_break() -> None:
    pieces = (b'\xef\xbb\xbf{"name": ', b'"A"}\r\n\n  \n{"na', b'me": "B"}')
    assert [row.row for row in read_rows(*pieces)] == [{"name": "A"}, {"name": "B"}]


def test_equal_match_keys_are_equal_in_any_order() -> None:
    [first, second, other, without] = read_rows(
        b'{"match": {"externalRef": {"id": "1", "system": "s"}}}\n'
        b'{"match": {"externalRef": {"system": "s", "id": "1"}}}\n'
        b'{"match": {"id": "1"}}\n'
        b'{"match": null}\n'
    )
    assert first.key == second.key != other.key
    assert without.key is None


def test_the_size_of_a_row_is_that_of_its_line() -> None:
    [row] = read_rows(b' {"name": "\xc3\xa4"} \n')
    assert row.size == len(b'{"name": "\xc3\xa4"}')


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (b"{", ErrorCode.INVALID, "not valid JSON"),
        (b'{"name": "\xff"}', ErrorCode.INVALID, "not valid JSON"),
        (b'{"a": [[[[]]]]}', ErrorCode.INVALID, "more than 4 levels deep"),
        (b'{"name": "' + b"a" * 100 + b'"}', ErrorCode.TOO_LONG, "exceeds 100 bytes"),
    ],
)
def test_an_invalid_line_is_a_rejected_row(line: bytes, code: ErrorCode, message: str) -> None:
    [before, row, after] = read_rows(b"{}\n" + line + b"\n{}")
    assert get_error(row)[0] is code
    assert message in get_error(row)[1]
    assert before.row == after.row == {}
