"""Gathering: chunks are full before they are given away, and no key stands twice in one."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as some

from tenure_core.write import chunker
from tenure_core.write.chunker import MAX_ROWS, Chunker


def gathered(
    rows: list[tuple[int, str | None, int]], max_bytes: int
) -> list[list[tuple[int, str | None, int]]]:
    waiting = Chunker[tuple[int, str | None, int]](max_bytes)
    full = [chunk for row in rows if (chunk := waiting.add(row, row[1], row[2]))]
    return full + [rest for rest in [waiting.flush()] if rest]


@given(some.lists(some.tuples(some.integers(), some.sampled_from([None, *"abcdefgh"]), some.integers(0, 60))))
def test_every_row_comes_out_once_in_its_order_and_within_the_limits(
    rows: list[tuple[int, str | None, int]],
) -> None:
    chunks = gathered(rows, 100)
    assert [row for chunk in chunks for row in chunk] == rows
    for chunk in chunks:
        keys = [key for _, key, _ in chunk if key is not None]
        assert len(keys) == len(set(keys))
        assert sum(size for *_, size in chunk) <= 100
    for chunk, following in itertools.pairwise(chunks):
        fits = sum(size for *_, size in chunk) + following[0][2] <= 100
        assert not fits or following[0][1] in {key for _, key, _ in chunk}


def test_a_chunk_has_a_thousand_rows_at_most() -> None:
    chunks = gathered([(number, None, 0) for number in range(2 * MAX_ROWS + 1)], 1)
    assert [len(chunk) for chunk in chunks] == [chunker.MAX_ROWS, chunker.MAX_ROWS, 1]


def test_a_row_that_is_too_heavy_for_any_chunk_has_one_of_its_own() -> None:
    assert gathered([(1, None, 5), (2, None, 500), (3, None, 5)], 100) == [
        [(1, None, 5)],
        [(2, None, 500)],
        [(3, None, 5)],
    ]
