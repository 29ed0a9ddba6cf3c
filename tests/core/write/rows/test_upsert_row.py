"""Parsing of upsert rows, in groups and ahead of the write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tenure_core.catalog.catalog import Catalog
from tenure_core.write.field_ownership import FieldOwner, OwnerPolicy
from tenure_core.write.results import ErrorCode, UserError
from tenure_core.write.rows.match_key import OnConflict
from tenure_core.write.rows.upsert_row import MalformedRow, UpsertRow, parse_ahead, parse_rows

ROW = {"match": {"externalRef": {"system": "crm", "id": "1"}}, "name": "A", "tier": "gold", "employees": -1}


def test_a_row_that_was_parse_ahead_is_as_if_it_was_read_now_each_time(catalog: Catalog) -> None:
    account = catalog["Account"]
    ahead = parse_ahead(account, [ROW], OnConflict.SKIP)
    attempts = [parse_rows(account, ahead, {}, OnConflict.SKIP) for _ in range(3)]
    assert attempts == [parse_rows(account, [ROW], {}, OnConflict.SKIP)] * 3
    assert len({id(row) for [row] in attempts}) == 3


def test_a_row_that_was_parse_ahead_keeps_to_the_owners_of_fields(catalog: Catalog) -> None:
    account = catalog["Account"]
    foreign = {"tier": FieldOwner("Account", "tier", "erp", OwnerPolicy.REJECT)}
    [row] = parse_rows(account, parse_ahead(account, [ROW], OnConflict.MERGE), foreign, OnConflict.MERGE)
    assert {error.code for error in row.parsed.errors} == {ErrorCode.OUT_OF_RANGE, ErrorCode.FIELD_OWNED}


@pytest.mark.parametrize("ahead", [False, True])
def test_a_malformed_row_is_rejected_with_its_errors(catalog: Catalog, ahead: bool) -> None:
    error = UserError(ErrorCode.TOO_LONG, (), "the row has more than 3 bytes")
    sent: Sequence[object] = [MalformedRow((error,))]
    sent = parse_ahead(catalog["Account"], sent, OnConflict.MERGE) if ahead else sent
    [row] = parse_rows(catalog["Account"], sent, {}, OnConflict.MERGE)
    assert row.parsed.errors == [error]


def test_rows_with_different_keys_keep_their_order_and_values(catalog: Catalog) -> None:
    account = catalog["Account"]
    plain = {"match": {"externalRef": {"system": "crm", "id": "2"}}, "name": "B"}
    sent = [plain, ROW, 5, plain, {"name": "C", **plain}, {**plain, "onConflict": "SKIP"}, None, ROW]

    def parse_alone(index: int, row: object) -> UpsertRow:
        [parsed] = parse_rows(account, [row], {}, OnConflict.MERGE)
        return replace(parsed, index=index)

    rows = parse_rows(account, sent, {}, OnConflict.MERGE)
    assert rows == [parse_alone(index, row) for index, row in enumerate(sent)]
