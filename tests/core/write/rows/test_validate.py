"""Validation of a row: parsed values, and the code and path of each error."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure_core.catalog.builder import build_catalog
from tenure_core.write.results import ErrorCode
from tenure_core.write.rows.validate import ExternalKey, ParsedFields, Reference, validate

CATALOG = build_catalog()
ACCOUNT, CONTACT, ACTIVITY = (CATALOG[name] for name in ("Account", "Contact", "Activity"))
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def parse(**row: Any) -> ParsedFields:
    return validate(ACCOUNT, row, creating=False)


def error_of(**row: Any) -> tuple[ErrorCode, tuple[str | int, ...]]:
    (error,) = parse(**row).errors
    assert error.message
    return error.code, error.path


def test_a_new_record_gets_the_defaults_only() -> None:
    parsed = validate(ACCOUNT, {"name": "Acme"}, creating=True)
    assert parsed.errors == []
    assert parsed.values == {
        "name": "Acme",
        "kind": "ORGANIZATION",
        "lifecycle_stage": "LEAD",
        "tags": [],
        "attributes": "{}",
    }


def test_an_update_contains_only_the_fields_of_the_row() -> None:
    assert parse(employees=3).values == {"employees": 3}
    assert parse().values == {}


def test_a_new_record_needs_every_required_field() -> None:
    errors = validate(ACTIVITY, {}, creating=True).errors
    assert {(e.code, e.path) for e in errors} == {("REQUIRED", ("kind",)), ("REQUIRED", ("occurredAt",))}


def test_an_invalid_required_field_is_not_reported_as_missing() -> None:
    (error,) = validate(ACCOUNT, {"name": 5}, creating=True).errors
    assert (error.code, error.path) == ("INVALID", ("name",))


def test_null_clears_a_field() -> None:
    assert parse(industry=None, parent=None).values == {"industry": None, "parent_id": None}


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
def test_an_invalid_value_is_rejected_at_its_path(row: dict[str, Any], code: str) -> None:
    assert error_of(**row) == (code, tuple(row))


def test_a_sentiment_stays_between_its_limits() -> None:
    for value, codes in ((-1, []), (1.0, []), (1.01, ["OUT_OF_RANGE"])):
        assert [e.code for e in validate(ACTIVITY, {"sentiment": value}, creating=False).errors] == codes


def test_the_limits_themselves_are_allowed() -> None:
    row = {"name": "x" * 200, "tags": ["x" * 100] * 100, "employees": 0, "attributes": {"a": "x" * 65528}}
    assert parse(**row).errors == []


def test_all_errors_are_reported() -> None:
    assert [e.path for e in parse(name=None, email="x", nickname=1).errors] == [
        ("name",),
        ("email",),
        ("nickname",),
    ]


def test_a_composite_value_is_replaced_as_a_whole() -> None:
    values = parse(address={"city": "Bonn", "country": "de"}).values
    assert values == {
        "address_street": None,
        "address_city": "Bonn",
        "address_region": None,
        "address_postal_code": None,
        "address_country": "DE",
    }


def test_null_clears_every_part_of_a_composite() -> None:
    assert set(parse(address=None).values.values()) == {None}
    assert len(parse(address=None).values) == 5


def test_an_amount_requires_minor_units_and_currency() -> None:
    assert parse(annualRevenue=None).values == {
        "annual_revenue_minor_units": None,
        "annual_revenue_currency": None,
    }
    assert (
        parse(annualRevenue={"minorUnits": 5, "currency": "eur"}).values["annual_revenue_currency"] == "EUR"
    )
    assert error_of(annualRevenue={"minorUnits": 5}) == ("REQUIRED", ("annualRevenue", "currency"))
    assert error_of(annualRevenue={"minorUnits": None, "currency": "EUR"}) == (
        "REQUIRED",
        ("annualRevenue", "minorUnits"),
    )
    assert error_of(annualRevenue={"minorUnits": 5, "currency": "EUR", "cents": 1}) == (
        "UNKNOWN_FIELD",
        ("annualRevenue", "cents"),
    )


def test_a_reference_is_parsed_by_id_and_by_external_key() -> None:
    by_id = parse(parent={"id": ID}).references
    assert by_id == [Reference(("parent", "id"), "parent_id", "Account", uuid.UUID(ID))]
    by_key = parse(parent={"externalRef": {"system": "erp", "id": "17"}}).references
    assert by_key == [Reference(("parent", "externalRef"), "parent_id", "Account", ExternalKey("erp", "17"))]


def test_timestamps_are_converted_to_utc() -> None:
    parsed = validate(ACTIVITY, {"occurredAt": "2011-04-01T00:30:00+01:00"}, creating=False)
    assert parsed.values == {"occurred_at": datetime(2011, 3, 31, 23, 30, tzinfo=UTC)}


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
    parsed = validate(entity, row, creating=data.draw(st.booleans()))
    assert all(e.path and e.message for e in parsed.errors)
    assert all(column in entity.table.columns for column in parsed.values)
