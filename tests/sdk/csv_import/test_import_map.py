"""The map: what it may say, what it makes of lines, and that each mistake in it is named by its key."""

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


def recipe(fields: dict[str, Any], entity: str = "Account", **more: Any) -> CompiledMap:
    return CompiledMap(
        ImportMap.model_validate({"system": "s", "key": "No", "fields": fields, **more}), CATALOG[entity]
    )


def row(fields: dict[str, Any], entity: str = "Account", lines: tuple[dict[str, str], ...] = (LINE,)) -> Any:
    made = recipe(fields, entity, group=True)
    problems: list[str] = []
    values = made.read(lines[0], problems)
    for line in lines[1:]:
        made.fold(values, line, problems)
    assert problems == []
    return made.row(values)


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
def test_a_source_makes_its_value_of_a_line(source: Any, value: Any) -> None:
    assert row({"name": source}) == {"name": value}


def test_parts_come_together_and_empty_ones_are_left_out() -> None:
    fields = {
        "address.city": "Name",
        "address.region": "Empty",
        "attributes.a.b": "Co",
        "attributes.c": "Empty",
    }
    assert row(fields) == {"address": {"city": "Acme"}, "attributes": {"a": {"b": "DE01"}}}
    assert row({"address.city": "Empty", "attributes.a": "Empty"}) == {"address": None, "attributes": {}}


def test_a_reference_names_a_record_of_its_system() -> None:
    one = {"account": {"ref": {"column": "No", "as": "integer"}, "system": "erp"}}
    assert row(one, "Contact") == {"account": {"externalRef": {"system": "erp", "id": "17850"}}}
    assert row({"account": {"ref": "Empty", "system": "erp"}}, "Contact") == {"account": None}


def test_a_group_takes_the_first_the_earliest_and_the_sum() -> None:
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
    made = row(fields, "Activity", lines)
    assert made == {
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
def test_a_key_is_told_apart_from_every_other(key: Any, line: dict[str, str], expected: str) -> None:
    assert recipe({"name": "Name"}, key=key).key(line) == expected


@pytest.mark.parametrize("line", [{"Co": "", "No": ""}, {"Co": "1", "No": " "}])
def test_a_line_without_its_whole_key_is_refused(line: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="empty"):
        recipe({"name": "Name"}, key=["Co", "No"]).key(line)


@pytest.mark.parametrize(
    ("condition", "takes"),
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
def test_conditions_choose_the_lines(condition: dict[str, Any], takes: bool) -> None:
    assert recipe({"name": "Name"}, where=[condition]).accepts(LINE) is takes


def test_a_cell_that_cannot_be_converted_is_named_by_its_field() -> None:
    problems: list[str] = []
    made = recipe({"name": "Name", "employees": {"column": "Name", "as": "integer"}})
    made.read(LINE, problems)
    assert problems == ["employees: 'Acme' is not a number like -1234.50"]


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


MINIMAL = "system: s\nkey: No\nfields: {name: Name}\n"


def test_no_means_norway(tmp_path: Path) -> None:
    text = MINIMAL + "group: true\nwhere: [{column: Land, in: [NO, yes]}]\n"
    read = read_map(written(tmp_path / "map.yaml", text))
    assert read.where[0].one_of == ("NO", "yes")
    assert read.group is True


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("key: No\nfields: {name: Name}", "system: Field required"),
        (MINIMAL + "fieldz: {}", "fieldz: Extra inputs"),
        (MINIMAL + "encoding: utf-9", "encoding: 'utf-9' is no encoding"),
        (MINIMAL + "where: [{column: A}]", "where.0: give exactly one of filled"),
        (MINIMAL + "where: [{column: A, filled: true, in: [x]}]", "where.0: give exactly one of filled"),
        (MINIMAL + "where: [{column: A, like: x}]", "where.0.like: Extra inputs"),
        ("system: s\nkey: No\nfields: {}", "fields: "),
        ("system: s\nkey: {as: integer}\nfields: {name: N}", "key.column: Field required"),
        (
            "system: s\nkey: N\nfields: {name: {from: N}}",
            "fields.name: give the name of a column, or an object with",
        ),
        ("system: s\nkey: N\nfields: {name: {column: N, as: txt}}", "fields.name.as: Input should be 'text'"),
        (
            "system: s\nkey: N\nfields: {name: {column: N, zone: Mars}}",
            "fields.name.zone: 'Mars' is no time zone",
        ),
        (
            "system: s\nkey: N\nfields: {name: {column: N, as: money}}",
            "fields.name: `as: money` and `currency`",
        ),
        (
            "system: s\nkey: N\nfields: {name: {product: [A], currency: POUND}}",
            "fields.name.currency: 'POUND' is not",
        ),
        (
            "system: s\nkey: N\nfields: {name: {template: '{}'}}",
            "fields.name.template: write a column's name",
        ),
        ("system: s\nkey: N\nfields: {name: {template: '{a'}}", "fields.name.template: "),
        ("system: s\nkey: N\nfields: {name: {column: N, take: sum}}", "name is taken from several lines"),
        ("system: s\nkey: N\nfields: {name: {count: lines}}", "name is taken from several lines"),
        ("system: s\nkey: N\nfields: {a: N, a.b: N}", "fields: a is given as a whole and by its part a.b"),
        ("- just\n- a list", "should be"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_wrong_map_is_refused_by_the_key_that_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(MapError) as refused:
        read_map(written(tmp_path / "map.yaml", text))
    assert told in str(refused.value)
    assert "map.yaml" in str(refused.value)


def test_a_missing_map_is_named(tmp_path: Path) -> None:
    with pytest.raises(MapError, match=r"none\.yaml can't be read"):
        read_map(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("fields", "entity", "told"),
    [
        ({"nmae": "N"}, "Account", "fields.nmae: Account has no field 'nmae' (did you mean 'name'?)"),
        ({"address.country_": "N"}, "Account", "Address has no part 'country_' (did you mean 'country'?)"),
        ({"address.city.x": "N"}, "Account", "its parts have no parts"),
        ({"name.x": "N"}, "Account", "it has no parts"),
        ({"contacts": "N"}, "Account", "list that follows from its members"),
        ({"version": "N"}, "Account", "the platform sets it"),
        ({"account": "N"}, "Contact", "a reference, and nothing else, comes from `ref`"),
        (
            {"lastName": {"ref": "N", "system": "s"}},
            "Contact",
            "a reference, and nothing else, comes from `ref`",
        ),
        ({"account.id": {"ref": "N", "system": "s"}}, "Contact", "it has no parts"),
    ],
)
def test_a_map_that_does_not_fit_the_entity_is_refused(
    fields: dict[str, Any], entity: str, told: str
) -> None:
    with pytest.raises(MapError) as refused:
        recipe(fields, entity)
    assert told in str(refused.value)


def test_a_map_that_does_not_fit_the_file_is_refused() -> None:
    made = recipe({"name": "Name", "owner": {"template": "{Owner}"}})
    with pytest.raises(MapError, match=r"column 'Owner', which the file lacks .did you mean 'owner'"):
        made.refuse_header(["No", "Name", "owner"])
    with pytest.raises(MapError, match="column 'Name', which the file has twice"):
        made.refuse_header(["No", "Name", "Name", "Owner"])
    made.refuse_header(["No", "Name", "Owner", "Other", "Other"])


def test_every_example_map_is_sound() -> None:
    folder = Path(__file__).parents[3] / "sdk" / "examples" / "online_retail"
    for name, entity in (("accounts", "Account"), ("activities", "Activity")):
        CompiledMap(read_map(folder / f"{name}.yaml"), CATALOG[entity])
