"""Chunker: chunks are returned when full, and no chunk contains a key twice."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tenure_core.write import chunker
from tenure_core.write.chunker import MAX_ROWS, Chunker


def collect_chunks(
    rows: list[tuple[int, str | None, int]], max_bytes: int
) -> list[list[tuple[int, str | None, int]]]:
    collected = Chunker[tuple[int, str | None, int]](max_bytes)
    full = [chunk for row in rows if (chunk := collected.add(row, row[1], row[2]))]
    return full + [rest for rest in [collected.flush()] if rest]


@given(st.lists(st.tuples(st.integers(), st.sampled_from([None, *"abcdefgh"]), st.integers(0, 60))))
def test_chunks_contain_every_row_once_in_order_within_the_limits(
    rows: list[tuple[int, str | None, int]],
) -> None:
    chunks = collect_chunks(rows, 100)
    assert [row for chunk in chunks for row in chunk] == rows
    for chunk in chunks:
        keys = [key for _, key, _ in chunk if key is not None]
        assert len(keys) == len(set(keys))
        assert sum(size for *_, size in chunk) <= 100
    for chunk, following in itertools.pairwise(chunks):
        fits = sum(size for *_, size in chunk) + following[0][2] <= 100
        assert not fits or following[0][1] in {key for _, key, _ in chunk}


def test_a_chunk_has_at_most_a_thousand_rows() -> None:
    chunks = collect_chunks([(number, None, 0) for number in range(2 * MAX_ROWS + 1)], 1)
    assert [len(chunk) for chunk in chunks] == [chunker.MAX_ROWS, chunker.MAX_ROWS, 1]


def test_a_row_larger_than_a_chunk_is_a_chunk() -> None:
    assert collect_chunks([(1, None, 5), (2, None, 500), (3, None, 5)], 100) == [
        [(1, None, 5)],
        [(2, None, 500)],
        [(3, None, 5)],
    ]
