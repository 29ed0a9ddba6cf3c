"""Lines: the same however their bytes come, and never more than one in memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from tenure_core.write.line_splitter import LineSplitter

LIMIT = 10


def cut(pieces: list[bytes]) -> list[bytes | None]:
    lines = LineSplitter(LIMIT)
    found = [line for piece in pieces for line in lines.feed(piece)]
    return found + list(lines.flush())


@given(some.lists(some.text("ab\n", max_size=8).map(str.encode)))
def test_lines_are_the_same_however_their_bytes_come(pieces: list[bytes]) -> None:
    whole = b"".join(pieces).split(b"\n")
    expected = [line if len(line) <= LIMIT else None for line in whole]
    assert cut(pieces) == (expected if whole[-1] else expected[:-1])


def test_a_line_that_is_too_long_is_not_kept() -> None:
    lines = LineSplitter(LIMIT)
    for _ in range(100):
        assert list(lines.feed(b"x" * LIMIT)) == []
        assert sum(map(len, lines._pieces)) <= LIMIT
    assert list(lines.feed(b"\nnext\n")) == [None, b"next"]
