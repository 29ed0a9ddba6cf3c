"""Validation: what a row may say, and each error with its code and path."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure_core.catalog.builder import build_catalog
from tenure_core.write.results import ErrorCode
from tenure_core.write.rows.validate import ExternalKey, Reference, Validated, validate

CATALOG = build_catalog()
ACCOUNT, CONTACT, ACTIVITY = (CATALOG[name] for name in ("Account", "Contact", "Activity"))
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def changed(**row: Any) -> Validated:
    return validate(ACCOUNT, row, creating=False)


def error(**row: Any) -> tuple[ErrorCode, tuple[str | int, ...]]:
    (one,) = changed(**row).errors
    assert one.message
    return one.code, one.path


def test_a_new_record_gets_its_defaults_and_nothing_else() -> None:
    found = validate(ACCOUNT, {"name": "Acme"}, creating=True)
    assert found.errors == []
    assert found.values == {
        "name": "Acme",
        "kind": "ORGANIZATION",
        "lifecycle_stage": "LEAD",
        "tags": [],
        "attributes": "{}",
    }


def test_a_change_says_only_what_its_row_says() -> None:
    assert changed(employees=3).values == {"employees": 3}
    assert changed().values == {}


def test_a_new_record_needs_every_required_field() -> None:
    errors = validate(ACTIVITY, {}, creating=True).errors
    assert {(e.code, e.path) for e in errors} == {("REQUIRED", ("kind",)), ("REQUIRED", ("occurredAt",))}


def test_a_required_field_that_is_wrong_is_not_also_missing() -> None:
    (one,) = validate(ACCOUNT, {"name": 5}, creating=True).errors
    assert (one.code, one.path) == ("INVALID", ("name",))


def test_null_clears_a_field() -> None:
    assert changed(industry=None, parent=None).values == {"industry": None, "parent_id": None}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"name": None}, "REQUIRED"),
        ({"name": "  "}, "REQUIRED"),
        ({"tags": None}, "REQUIRED"),
        ({"attributes": None}, "REQUIRED"),
        ({"name": 5}, "INVALID"),
        ({"name": "a\x00b"}, "INVALID"),
        ({"name": "\ud800"}, "INVALID"),
        ({"kind": "ROBOT"}, "INVALID"),
        ({"email": "nobody"}, "INVALID"),
        ({"phone": "020 7946 0958"}, "INVALID"),
        ({"employees": 1.5}, "INVALID"),
        ({"employees": True}, "INVALID"),
        ({"employees": 2**31}, "INVALID"),
        ({"employees": -1}, "OUT_OF_RANGE"),
        ({"attributes": [1]}, "INVALID"),
        ({"attributes": {"a": float("nan")}}, "INVALID"),
        ({"attributes": {"a": "x" * 65536}}, "TOO_LONG"),
        ({"attributes": {"a": "é" * 32768}}, "TOO_LONG"),
        ({"name": "x" * 201}, "TOO_LONG"),
        ({"tags": ["x"] * 101}, "TOO_LONG"),
        ({"tags": ["x" * 101]}, "TOO_LONG"),
        ({"tags": [""]}, "INVALID"),
        ({"tags": "vip"}, "INVALID"),
        ({"address": "Bonn"}, "INVALID"),
        ({"nickname": "x"}, "UNKNOWN_FIELD"),
        ({"contacts": []}, "UNKNOWN_FIELD"),
        ({"tenantId": ID}, "UNKNOWN_FIELD"),
        ({"id": ID}, "READ_ONLY"),
        ({"version": 7}, "READ_ONLY"),
        ({"deletedAt": None}, "READ_ONLY"),
        ({"parent": ID}, "INVALID"),
        ({"parent": {}}, "INVALID"),
        ({"parent": {"id": ID, "externalRef": {"system": "erp", "id": "1"}}}, "INVALID"),
        ({"parent": {"externalRef": {"id": "1"}}}, "INVALID"),
        ({"parent": {"externalRef": {"system": "erp", "id": ""}}}, "REQUIRED"),
        ({"parent": {"externalRef": {"system": "erp", "id": "x" * 256}}}, "TOO_LONG"),
        ({"parent": {"id": "17"}}, "INVALID"),
        ({"parent": {"id": None}}, "REQUIRED"),
    ],
)
def test_what_is_wrong_is_refused_at_its_path(row: dict[str, Any], code: str) -> None:
    assert error(**row) == (code, tuple(row))


def test_a_sentiment_stays_between_its_limits() -> None:
    for value, codes in ((-1, []), (1.0, []), (1.01, ["OUT_OF_RANGE"])):
        assert [e.code for e in validate(ACTIVITY, {"sentiment": value}, creating=False).errors] == codes


def test_the_limits_themselves_are_allowed() -> None:
    row = {"name": "x" * 200, "tags": ["x" * 100] * 100, "employees": 0, "attributes": {"a": "x" * 65528}}
    assert changed(**row).errors == []


def test_several_errors_are_all_told() -> None:
    assert [e.path for e in changed(name=None, email="x", nickname=1).errors] == [
        ("name",),
        ("email",),
        ("nickname",),
    ]


def test_a_value_with_parts_is_replaced_as_a_whole() -> None:
    values = changed(address={"city": "Bonn", "country": "de"}).values
    assert values == {
        "address_street": None,
        "address_city": "Bonn",
        "address_region": None,
        "address_postal_code": None,
        "address_country": "DE",
    }


def test_null_clears_every_part() -> None:
    assert set(changed(address=None).values.values()) == {None}
    assert len(changed(address=None).values) == 5


def test_money_is_all_or_nothing() -> None:
    assert changed(annualRevenue=None).values == {
        "annual_revenue_minor_units": None,
        "annual_revenue_currency": None,
    }
    assert (
        changed(annualRevenue={"minorUnits": 5, "currency": "eur"}).values["annual_revenue_currency"] == "EUR"
    )
    assert error(annualRevenue={"minorUnits": 5}) == ("REQUIRED", ("annualRevenue", "currency"))
    assert error(annualRevenue={"minorUnits": None, "currency": "EUR"}) == (
        "REQUIRED",
        ("annualRevenue", "minorUnits"),
    )
    assert error(annualRevenue={"minorUnits": 5, "currency": "EUR", "cents": 1}) == (
        "UNKNOWN_FIELD",
        ("annualRevenue", "cents"),
    )


def test_a_reference_is_kept_for_later_in_either_form() -> None:
    by_id = changed(parent={"id": ID}).references
    assert by_id == [Reference(("parent", "id"), "parent_id", "Account", uuid.UUID(ID))]
    by_key = changed(parent={"externalRef": {"system": "erp", "id": "17"}}).references
    assert by_key == [Reference(("parent", "externalRef"), "parent_id", "Account", ExternalKey("erp", "17"))]


def test_times_become_utc() -> None:
    found = validate(ACTIVITY, {"occurredAt": "2011-04-01T00:30:00+01:00"}, creating=False)
    assert found.values == {"occurred_at": datetime(2011, 3, 31, 23, 30, tzinfo=UTC)}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("entity", CATALOG.entities.values(), ids=lambda e: e.name)
@settings(deadline=None)
@given(data=st.data())
def test_no_row_raises(entity: Any, data: st.DataObject) -> None:
    names = st.sampled_from(sorted(entity.fields)) | st.text(max_size=5)
    row = data.draw(st.dictionaries(names, JSON_VALUES, max_size=6))
    found = validate(entity, row, creating=data.draw(st.booleans()))
    assert all(e.path and e.message for e in found.errors)
    assert all(column in entity.table.columns for column in found.values)
