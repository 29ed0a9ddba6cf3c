"""Compiled maps: the rows that they build, and maps that don't match an entity or a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tenure_core.catalog.builder import build_catalog
from tenure_sdk.csv_import.compiled_map import CompiledMap
from tenure_sdk.csv_import.import_map import ImportMap, MapError, read_map

CATALOG = build_catalog()
LINE = {
    "No": "17850.0",
    "Co": "DE01",
    "Name": " Acme ",
    "Land": "EIRE",
    "Qty": "3",
    "Price": "0.335",
    "Empty": "",
}


def compile_map(fields: dict[str, Any], entity: str = "Account", **more: Any) -> CompiledMap:
    return CompiledMap(
        ImportMap.model_validate({"system": "s", "key": "No", "fields": fields, **more}), CATALOG[entity]
    )


def build_row(
    fields: dict[str, Any], entity: str = "Account", lines: tuple[dict[str, str], ...] = (LINE,)
) -> Any:
    compiled = compile_map(fields, entity, group=True)
    errors: list[str] = []
    values = compiled.read_values(lines[0], errors)
    for line in lines[1:]:
        compiled.combine_values(values, line, errors)
    assert errors == []
    return compiled.build_row(values)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("Name", "Acme"),
        ({"column": "Name"}, "Acme"),
        ("Empty", None),
        ({"constant": "x"}, "x"),
        ({"template": "Customer {No}", "as": "integer"}, "Customer 17850"),
        ({"template": "{{{No}}} {Name}"}, "{17850.0} Acme"),
        ({"column": "No", "as": "integer"}, 17850),
        ({"column": "Price", "as": "number"}, 0.335),
        ({"column": "Price", "as": "money", "currency": "gbp"}, {"minorUnits": 34, "currency": "GBP"}),
        ({"product": ["Qty", "Price"], "currency": "GBP"}, {"minorUnits": 101, "currency": "GBP"}),
        ({"product": ["Qty", "Price"]}, 1.005),
        ({"product": ["Qty", "Empty"]}, None),
        ({"column": "Land", "as": "country", "values": {"EIRE": "IE"}}, "IE"),
        ({"column": "Land", "as": "country", "values": {"EIRE": None}}, None),
        ({"column": "Empty", "values": {"": "none"}}, "none"),
        ({"count": "lines"}, 1),
    ],
)
def test_a_source_computes_a_value_from_a_line(source: Any, value: Any) -> None:
    assert build_row({"name": source}) == {"name": value}


def test_parts_are_combined_and_empty_parts_are_omitted() -> None:
    fields = {
        "address.city": "Name",
        "address.region": "Empty",
        "attributes.a.b": "Co",
        "attributes.c": "Empty",
    }
    assert build_row(fields) == {"address": {"city": "Acme"}, "attributes": {"a": {"b": "DE01"}}}
    assert build_row({"address.city": "Empty", "attributes.a": "Empty"}) == {
        "address": None,
        "attributes": {},
    }


def test_a_reference_has_the_system_of_the_map() -> None:
    reference = {"account": {"ref": {"column": "No", "as": "integer"}, "system": "erp"}}
    assert build_row(reference, "Contact") == {"account": {"externalRef": {"system": "erp", "id": "17850"}}}
    assert build_row({"account": {"ref": "Empty", "system": "erp"}}, "Contact") == {"account": None}


def test_the_values_of_a_group_are_combined() -> None:
    lines = (
        {"No": "1", "Name": "a", "At": "2011-01-02 10:00:00", "Qty": "3", "Price": "0.335"},
        {"No": "1", "Name": "b", "At": "2011-01-02 09:00:00", "Qty": "-1", "Price": "0.001"},
        {"No": "1", "Name": "", "At": "2011-01-02 11:00:00", "Qty": "", "Price": "9"},
    )
    fields = {
        "subject": "Name",
        "outcome": {"column": "Name", "take": "last"},
        "occurredAt": {"column": "At", "as": "time", "zone": "Europe/London", "take": "min"},
        "completedAt": {"column": "At", "as": "time", "take": "max"},
        "value": {"product": ["Qty", "Price"], "currency": "GBP", "take": "sum"},
        "attributes.lines": {"count": "lines"},
    }
    row = build_row(fields, "Activity", lines)
    assert row == {
        "subject": "a",
        "outcome": None,
        "occurredAt": datetime(2011, 1, 2, 9, tzinfo=UTC),
        "completedAt": datetime(2011, 1, 2, 11, tzinfo=UTC),
        "value": {"minorUnits": 100, "currency": "GBP"},
        "attributes": {"lines": 3},
    }


@pytest.mark.parametrize(
    ("key", "line", "expected"),
    [
        ("No", {"No": " 7 "}, "7"),
        ({"column": "No", "as": "integer"}, {"No": "17850.0"}, "17850"),
        (["Co", "No"], {"Co": "DE01", "No": "7"}, "DE01/7"),
        (["Co", "No"], {"Co": "a/b", "No": "c\\"}, "a\\/b/c\\\\"),
        (["Co", "No"], {"Co": "a", "No": "b/c"}, "a/b\\/c"),
        ({"column": ["Co", "No"], "as": "integer"}, {"Co": "1.0", "No": "2"}, "1/2"),
    ],
)
def test_different_cells_have_different_keys(key: Any, line: dict[str, str], expected: str) -> None:
    assert compile_map({"name": "Name"}, key=key).build_key(line) == expected


@pytest.mark.parametrize("line", [{"Co": "", "No": ""}, {"Co": "1", "No": " "}])
def test_an_incomplete_key_is_rejected(line: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="empty"):
        compile_map({"name": "Name"}, key=["Co", "No"]).build_key(line)


@pytest.mark.parametrize(
    ("condition", "accepted"),
    [
        ({"column": "Name", "filled": True}, True),
        ({"column": "Empty", "filled": True}, False),
        ({"column": "Empty", "filled": False}, True),
        ({"column": "Co", "in": ["DE01", "DE02"]}, True),
        ({"column": "Co", "in": []}, False),
        ({"column": "Co", "notIn": ["DE01"]}, False),
        ({"column": "Co", "notIn": []}, True),
    ],
)
def test_conditions_select_lines(condition: dict[str, Any], accepted: bool) -> None:
    assert compile_map({"name": "Name"}, where=[condition]).accepts(LINE) is accepted


def test_a_conversion_error_names_the_field() -> None:
    errors: list[str] = []
    compiled = compile_map({"name": "Name", "employees": {"column": "Name", "as": "integer"}})
    compiled.read_values(LINE, errors)
    assert errors == ["employees: 'Acme' is not a number like -1234.50"]


@pytest.mark.parametrize(
    ("fields", "entity", "message"),
    [
        ({"nmae": "N"}, "Account", "fields.nmae: Account has no field 'nmae' (did you mean 'name'?)"),
        ({"address.country_": "N"}, "Account", "address has no part 'country_' (did you mean 'country'?)"),
        ({"address.city.x": "N"}, "Account", "the part has no parts"),
        ({"name.x": "N"}, "Account", "the field has no parts"),
        ({"contacts": "N"}, "Account", "is a list of related records"),
        ({"version": "N"}, "Account", "the field is read-only"),
        ({"account": "N"}, "Contact", "`ref` and `system` are required for"),
        (
            {"lastName": {"ref": "N", "system": "s"}},
            "Contact",
            "`ref` and `system` are required for",
        ),
        ({"account.id": {"ref": "N", "system": "s"}}, "Contact", "the field has no parts"),
    ],
)
def test_a_map_that_does_not_match_the_entity_is_rejected(
    fields: dict[str, Any], entity: str, message: str
) -> None:
    with pytest.raises(MapError) as raised:
        compile_map(fields, entity)
    assert message in str(raised.value)


def test_a_map_that_does_not_match_the_file_is_rejected() -> None:
    compiled = compile_map({"name": "Name", "owner": {"template": "{Owner}"}})
    with pytest.raises(MapError, match=r"The file has no column 'Owner' .did you mean 'owner'"):
        compiled.check_header(["No", "Name", "owner"])
    with pytest.raises(MapError, match="The file has several columns 'Name'"):
        compiled.check_header(["No", "Name", "Name", "Owner"])
    compiled.check_header(["No", "Name", "Owner", "Other", "Other"])


def test_the_example_maps_are_valid() -> None:
    folder = Path(__file__).parents[3] / "sdk" / "examples" / "online_retail"
    for name, entity in (("accounts", "Account"), ("activities", "Activity")):
        CompiledMap(read_map(folder / f"{name}.yaml"), CATALOG[entity])
