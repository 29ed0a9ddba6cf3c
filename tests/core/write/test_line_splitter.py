"""Line splitter: lines do not depend on how bytes are fed, and at most one is held in memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenure_core.write.line_splitter import LineSplitter, UniversalLineSplitter

LIMIT = 10


def split(pieces: list[bytes], splitter: LineSplitter | None = None) -> list[bytes | None]:
    splitter = splitter or LineSplitter(LIMIT)
    lines = [line for piece in pieces for line in splitter.feed(piece)]
    return lines + list(splitter.flush())


@given(st.lists(st.text("ab\n", max_size=8).map(str.encode)))
def test_lines_do_not_depend_on_how_bytes_are_fed(pieces: list[bytes]) -> None:
    whole = b"".join(pieces).split(b"\n")
    expected = [line if len(line) <= LIMIT else None for line in whole]
    assert split(pieces) == (expected if whole[-1] else expected[:-1])


@given(st.lists(st.text("ab\r\n", max_size=8).map(str.encode)))
def test_universal_lines_are_those_of_splitlines_for_pieces_of_any_size(pieces: list[bytes]) -> None:
    lines = b"".join(pieces).splitlines(keepends=True)
    expected = [line if len(line) <= LIMIT else None for line in lines]
    assert split(pieces, UniversalLineSplitter(LIMIT)) == expected


def test_a_line_that_is_too_long_is_discarded() -> None:
    splitter = LineSplitter(LIMIT)
    for _ in range(100):
        assert list(splitter.feed(b"x" * LIMIT)) == []
        assert sum(map(len, splitter._pieces)) <= LIMIT
    assert list(splitter.feed(b"\nnext\n")) == [None, b"next"]
