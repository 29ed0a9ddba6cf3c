"""Incoming rows: what was read ahead is what would be read now."""

from __future__ import annotations

import pytest

from tenure_core.catalog import Catalog
from tenure_core.writing.incoming import ReadAhead, Unreadable, read_row
from tenure_core.writing.matching import OnConflict
from tenure_core.writing.owners import FieldOwner, OwnerPolicy
from tenure_core.writing.results import ErrorCode, UserError

ROW = {"match": {"externalRef": {"system": "crm", "id": "1"}}, "name": "A", "tier": "gold", "employees": -1}


def test_a_row_that_was_read_ahead_is_as_if_it_was_read_now_each_time(catalog: Catalog) -> None:
    account = catalog["Account"]
    ahead = ReadAhead(account, ROW, OnConflict.SKIP)
    taken = [read_row(account, ahead, {}, OnConflict.SKIP) for _ in range(3)]
    assert taken == [read_row(account, ROW, {}, OnConflict.SKIP)] * 3
    assert len({id(row) for row in taken}) == 3


def test_a_row_that_was_read_ahead_keeps_to_the_owners_of_fields(catalog: Catalog) -> None:
    account = catalog["Account"]
    foreign = {"tier": FieldOwner("Account", "tier", "erp", OwnerPolicy.REJECT)}
    row = read_row(account, ReadAhead(account, ROW, OnConflict.MERGE), foreign, OnConflict.MERGE)
    assert {error.code for error in row.said.errors} == {ErrorCode.OUT_OF_RANGE, ErrorCode.FIELD_OWNED}


@pytest.mark.parametrize("ahead", [False, True])
def test_what_could_not_be_read_is_refused_with_its_reason(catalog: Catalog, ahead: bool) -> None:
    reason = UserError(ErrorCode.TOO_LONG, (), "the row has more than 3 bytes")
    sent: object = Unreadable((reason,))
    sent = ReadAhead(catalog["Account"], sent, OnConflict.MERGE) if ahead else sent
    assert read_row(catalog["Account"], sent, {}, OnConflict.MERGE).said.errors == [reason]
