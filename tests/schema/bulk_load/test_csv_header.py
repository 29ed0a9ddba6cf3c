"""A CSV header maps columns to paths in a row, and converts cells to the JSON values of their fields."""

from __future__ import annotations

from typing import Any

import pytest

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.errors import BadUserInputError
from tenure_schema.bulk_load.csv_header import Header


@pytest.fixture
def account(catalog: Catalog) -> EntityInfo:
    return catalog["Account"]


def build_row(entity: EntityInfo, **cells: str) -> dict[str, Any]:
    """Return the row for cells by column, without its match key; `__` in a name stands for a dot."""
    names = [name.replace("__", ".") for name in cells]
    row = Header(entity, ["match.id", *names]).build_row(["1", *cells.values()])
    assert row.pop("match") == {"id": "1"}
    return row


def test_columns_are_paths(account: EntityInfo) -> None:
    header = Header(account, ["match.externalRef.system", " match.externalRef.id ", "name", "address.city"])
    assert header.build_row(["erp", "7", "A", "Bonn"]) == {
        "match": {"externalRef": {"system": "erp", "id": "7"}},
        "name": "A",
        "address": {"city": "Bonn"},
    }


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("employees", "+12", 12),
        ("employees", "1.5", "1.5"),
        ("employees", "9" * 19, "9" * 19),
        ("attributes", '{"a": [1]}', {"a": [1]}),
        ("attributes", "{", "{"),
        ("expectedVersion", "3", 3),
        ("sourceVersion", "3", "3"),
        ("name", "12", "12"),
    ],
)
def test_a_cell_is_converted_or_stays_a_text(
    account: EntityInfo, column: str, cell: str, value: object
) -> None:
    assert build_row(account, **{column: cell}) == {column: value}


def test_an_empty_cell_clears_a_field_but_does_not_set_an_option(account: EntityInfo) -> None:
    cells = {"employees": "", "attributes": "", "address__city": "", "onConflict": "", "url": ""}
    assert build_row(account, **cells) == {"employees": None, "attributes": {}, "address": None}


def test_keys_of_a_json_object_have_their_own_columns(account: EntityInfo) -> None:
    row = build_row(account, attributes__segment="A", attributes__rank="", address__city="Bonn")
    assert row == {"attributes": {"segment": "A"}, "address": {"city": "Bonn"}}


@pytest.mark.parametrize(
    ("system", "identity", "parent"),
    [("erp", "7", {"externalRef": {"system": "erp", "id": "7"}}), ("erp", "", None), ("", "", None)],
)
def test_a_reference_without_an_id_is_cleared(
    account: EntityInfo, system: str, identity: str, parent: object
) -> None:
    row = build_row(account, parent__externalRef__system=system, parent__externalRef__id=identity)
    assert row == {"parent": parent}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["match.id", "nmae"], "Did you mean name"),
        (["match.id", "qqqqqqqqq"], "The columns are match.id"),
        (["match.id", "name", "name"], "name and name set the same value"),
        (["match.id", "attributes", "attributes.a"], "attributes and attributes.a set the same value"),
        (["name"], "no match key"),
    ],
)
def test_an_invalid_header_is_rejected(account: EntityInfo, names: list[str], message: str) -> None:
    with pytest.raises(BadUserInputError, match=message):
        Header(account, names)


def test_a_row_needs_as_many_cells_as_the_header(account: EntityInfo) -> None:
    with pytest.raises(ValueError, match="3 cells, but the header has 2"):
        Header(account, ["match.id", "name"]).build_row(["1", "A", ""])
