"""The CSV parser returns the same records for pieces of any size, and continues after malformed records."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure_core.write.csv_parser import CsvParser, CsvRecord, MalformedRecord

LIMIT = 60


def parse(*pieces: bytes, delimiter: str = ",") -> list[CsvRecord | MalformedRecord]:
    parser = CsvParser(LIMIT, delimiter)
    return [record for piece in pieces for record in parser.feed(piece)] + list(parser.flush())


def parse_cells(*pieces: bytes, delimiter: str = ",") -> list[list[str]]:
    records = parse(*pieces, delimiter=delimiter)
    return [record.cells for record in records if isinstance(record, CsvRecord)]


@given(
    rows=st.lists(st.lists(st.text('ab,;"\n\ré', max_size=4), min_size=1, max_size=3), max_size=6),
    cuts=st.lists(st.integers(0, 100), max_size=5),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_the_records_are_those_of_the_csv_module_for_pieces_of_any_size(
    rows: list[list[str]], cuts: list[int], line_end: str, quoting: int
) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=quoting, lineterminator=line_end).writerows(rows)
    data = file.getvalue().encode()
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(bounds)]
    assert parse_cells(*pieces) == [
        row for row in csv.reader(io.StringIO(file.getvalue(), newline="")) if row
    ]


def test_a_record_has_the_number_of_its_first_line() -> None:
    records = parse(b'a\n\n"b\nb"\nc')
    assert [(record.number, record.cells) for record in records if isinstance(record, CsvRecord)] == [
        (1, ["a"]),
        (3, ["b\nb"]),
        (5, ["c"]),
    ]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_each_line_end_counts_as_one(line_end: bytes) -> None:
    data = line_end.join([b"a", b"", b"b", b""])
    for size in (1, len(data)):
        pieces = (data[start : start + size] for start in range(0, len(data), size))
        assert parse(*pieces) == [CsvRecord(1, ["a"], b"a"), CsvRecord(3, ["b"], b"b")]


def test_a_byte_order_mark_is_removed_from_the_first_line_only() -> None:
    assert parse_cells(b'\xef\xbb\xbf"a",b\n') == [["a", "b"]]
    assert parse_cells(b"a\n\xef\xbb\xbfb\n") == [["a"], ["\ufeffb"]]


def test_the_delimiter_can_be_chosen() -> None:
    assert parse_cells(b"a;b,c\n", delimiter=";") == [["a", "b,c"]]


MALFORMED = [
    pytest.param(b'"a"x\n', "not valid CSV", id="text after quotes"),
    pytest.param(b"\xff\n", "not valid UTF-8", id="not UTF-8"),
    pytest.param(b"x" * 100 + b"\n", "exceeds 60 bytes", id="a long line"),
    pytest.param(b'"' + b"x\n" * 50 + b'"\n', "exceeds 60 bytes", id="a long record"),
]


@pytest.mark.parametrize(("line", "message"), MALFORMED)
def test_parsing_continues_after_a_malformed_record(line: bytes, message: str) -> None:
    first, malformed, last = parse(b"a\n" + line + b"b\n")
    assert isinstance(malformed, MalformedRecord)
    assert malformed.number == 2
    assert message in malformed.message
    assert [first[1], last[1]] == [["a"], ["b"]]


def test_unclosed_quotes_are_a_malformed_record_at_the_end() -> None:
    assert parse(b'a\n"b\nc\n')[1:] == [MalformedRecord(2, "the quotes are not closed")]


def test_an_open_record_is_held_up_to_the_limit_only() -> None:
    parser = CsvParser(LIMIT)
    assert list(parser.feed(b'"\n')) == []
    for _ in range(100):
        assert list(parser.feed(b"x" * LIMIT + b"\n")) == []
        assert sum(map(len, parser._lines)) <= LIMIT
