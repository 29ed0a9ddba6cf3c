"""CSV rows: the first record is the header; malformed and deeply nested records are rejected rows."""

from __future__ import annotations

import pytest

from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import BadUserInputError
from tenure_core.write.rows.upsert_row import MalformedRow
from tenure_schema.bulk_load.csv_rows import CsvRows
from tenure_schema.bulk_load.ndjson import RawRow


def read_rows(catalog: Catalog, body: bytes, limit: int = 100, max_depth: int = 4) -> list[RawRow]:
    rows = CsvRows(catalog["Account"], limit, max_depth)
    return [*rows.feed(body), *rows.flush()]


def test_a_row_has_its_match_key_and_its_size(catalog: Catalog) -> None:
    [row] = read_rows(catalog, b"match.id,name\r\n1,A\r\n")
    assert row == RawRow({"match": {"id": "1"}, "name": "A"}, b'{"id":"1"}', 3)


@pytest.mark.parametrize(("depth", "is_rejected"), [(3, False), (4, True)])
def test_the_levels_of_a_row_include_the_row_itself(catalog: Catalog, depth: int, is_rejected: bool) -> None:
    cell = b"[" * depth + b"]" * depth
    [row] = read_rows(catalog, b"match.id,attributes\n1," + cell + b"\n")
    assert isinstance(row.row, MalformedRow) is is_rejected


@pytest.mark.parametrize("line", [b"1", b"1,A,B", b'1,"A', b"1," + b"A" * 100])
def test_a_malformed_record_is_a_rejected_row(catalog: Catalog, line: bytes) -> None:
    [row] = read_rows(catalog, b"match.id,name\n" + line)
    assert isinstance(row.row, MalformedRow)


@pytest.mark.parametrize("body", [b"", b'"match.id', b"match.id,unknown\n1,A"])
def test_a_body_without_a_valid_header_is_rejected(catalog: Catalog, body: bytes) -> None:
    with pytest.raises(BadUserInputError):
        read_rows(catalog, body)
