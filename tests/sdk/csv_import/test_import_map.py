"""Import maps: parsing, and the message for each invalid key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenure_sdk.csv_import.import_map import MapError, read_map


def write_file(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


MINIMAL = "system: s\nkey: No\nfields: {name: Name}\n"


def test_no_is_text(tmp_path: Path) -> None:
    text = MINIMAL + "group: true\nwhere: [{column: Land, in: [NO, yes]}]\n"
    import_map = read_map(write_file(tmp_path / "map.yaml", text))
    assert import_map.where[0].one_of == ("NO", "yes")
    assert import_map.group is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("key: No\nfields: {name: Name}", "system: is required"),
        (MINIMAL + "fieldz: {}", "fieldz: unknown key"),
        (MINIMAL + "encoding: utf-9", "encoding: unknown encoding 'utf-9'"),
        (MINIMAL + "where: [{column: A}]", "where.0: set exactly one of filled"),
        (MINIMAL + "where: [{column: A, filled: true, in: [x]}]", "where.0: set exactly one of filled"),
        (MINIMAL + "where: [{column: A, like: x}]", "where.0.like: unknown key"),
        ("system: s\nkey: No\nfields: {}", "fields: "),
        ("system: s\nkey: {as: integer}\nfields: {name: N}", "key.column: is required"),
        (
            "system: s\nkey: N\nfields: {name: {from: N}}",
            "fields.name: write a column name, or an object with",
        ),
        ("system: s\nkey: N\nfields: {name: {column: N, as: txt}}", "fields.name.as: Input should be 'text'"),
        (
            "system: s\nkey: N\nfields: {name: {column: N, zone: Mars}}",
            "fields.name.zone: unknown time zone 'Mars'",
        ),
        (
            "system: s\nkey: N\nfields: {name: {column: N, as: money}}",
            "fields.name: `as: money` and `currency` require each other",
        ),
        (
            "system: s\nkey: N\nfields: {name: {product: [A], currency: POUND}}",
            "fields.name.currency: 'POUND' is not",
        ),
        (
            "system: s\nkey: N\nfields: {name: {template: '{}'}}",
            "fields.name.template: write only a column name",
        ),
        ("system: s\nkey: N\nfields: {name: {template: '{a'}}", "fields.name.template: "),
        ("system: s\nkey: N\nfields: {name: {column: N, take: sum}}", "name combines several lines"),
        ("system: s\nkey: N\nfields: {name: {count: lines}}", "name combines several lines"),
        ("system: s\nkey: N\nfields: {a: N, a.b: N}", "fields: a and its part a.b can't be set together"),
        ("- just\n- a list", "should be"),
        ("a: [", "is not valid YAML"),
    ],
)
def test_an_invalid_map_is_rejected_with_the_invalid_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MapError) as raised:
        read_map(write_file(tmp_path / "map.yaml", text))
    assert message in str(raised.value)
    assert "map.yaml" in str(raised.value)


def test_a_missing_map_is_reported_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(MapError, match=r"none\.yaml can't be read"):
        read_map(tmp_path / "none.yaml")
