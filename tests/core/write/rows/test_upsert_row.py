"""Incoming rows: what was read ahead is what would be read now."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tenure_core.catalog.catalog import Catalog
from tenure_core.write.field_ownership import FieldOwner, OwnerPolicy
from tenure_core.write.results import ErrorCode, UserError
from tenure_core.write.rows.match_key import OnConflict
from tenure_core.write.rows.upsert_row import MalformedRow, UpsertRow, read_ahead, read_rows

ROW = {"match": {"externalRef": {"system": "crm", "id": "1"}}, "name": "A", "tier": "gold", "employees": -1}


def test_a_row_that_was_read_ahead_is_as_if_it_was_read_now_each_time(catalog: Catalog) -> None:
    account = catalog["Account"]
    ahead = read_ahead(account, [ROW], OnConflict.SKIP)
    taken = [read_rows(account, ahead, {}, OnConflict.SKIP) for _ in range(3)]
    assert taken == [read_rows(account, [ROW], {}, OnConflict.SKIP)] * 3
    assert len({id(row) for [row] in taken}) == 3


def test_a_row_that_was_read_ahead_keeps_to_the_owners_of_fields(catalog: Catalog) -> None:
    account = catalog["Account"]
    foreign = {"tier": FieldOwner("Account", "tier", "erp", OwnerPolicy.REJECT)}
    [row] = read_rows(account, read_ahead(account, [ROW], OnConflict.MERGE), foreign, OnConflict.MERGE)
    assert {error.code for error in row.parsed.errors} == {ErrorCode.OUT_OF_RANGE, ErrorCode.FIELD_OWNED}


@pytest.mark.parametrize("ahead", [False, True])
def test_what_could_not_be_read_is_refused_with_its_reason(catalog: Catalog, ahead: bool) -> None:
    reason = UserError(ErrorCode.TOO_LONG, (), "the row has more than 3 bytes")
    sent: Sequence[object] = [MalformedRow((reason,))]
    sent = read_ahead(catalog["Account"], sent, OnConflict.MERGE) if ahead else sent
    [row] = read_rows(catalog["Account"], sent, {}, OnConflict.MERGE)
    assert row.parsed.errors == [reason]


def test_rows_of_several_forms_keep_their_order_and_what_each_of_them_says(catalog: Catalog) -> None:
    account = catalog["Account"]
    plain = {"match": {"externalRef": {"system": "crm", "id": "2"}}, "name": "B"}
    sent = [plain, ROW, 5, plain, {"name": "C", **plain}, {**plain, "onConflict": "SKIP"}, None, ROW]

    def alone(row: object) -> UpsertRow:
        [read] = read_rows(account, [row], {}, OnConflict.MERGE)
        return read

    assert read_rows(account, sent, {}, OnConflict.MERGE) == [alone(row) for row in sent]
