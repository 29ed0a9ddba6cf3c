"""Column-wise validation has the same results as row-wise validation."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tenure_core.catalog.builder import build_catalog
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.write.rows.validate import validate
from tenure_core.write.rows.validate_columns import validate_uniform_rows

CATALOG = build_catalog()
VALID = {
    "name": "Müller",
    "kind": "ORGANIZATION",
    "tier": "gold",
    "email": "office@example.com",
    "phone": "+49301234567",
    "website": "https://example.com",
    "employees": 12,
    "address": {"city": "Bonn", "country": "DE"},
    "annualRevenue": {"minorUnits": 5, "currency": "EUR"},
    "tags": ["a"],
    "attributes": {"a": 1},
    "parent": {"externalRef": {"system": "crm", "id": "1"}},
    "occurredAt": "2026-03-31T09:30:00+02:00",
    "account": {"id": "01890a5d-ac96-774b-bcce-b302099a8057"},
    "subject": "Call",
    "version": 3,
    "contacts": [],
    "unknown": None,
}
UNUSUAL = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1.0,
        1.5,
        2**40,
        2**70,
        "",
        " ",
        "x\x00",
        "\ud800",
        "é" * 300,
        [],
        [None],
        {},
    ),
    *("person", "A@B.example", "+0", "ftp://x", "2026-02-30", {"city": None}, {"city": 5, "planet": "Mars"}),
    *({"country": "XX"}, {"minorUnits": 1.5}, {"currency": "eur", "minorUnits": 1}, {"id": 5}),
]


def values(name: str) -> st.SearchStrategy[Any]:
    return st.just(VALID[name]) | st.sampled_from([VALID[name], VALID[name], *UNUSUAL, *VALID.values()])


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(sorted(VALID)), unique=True, min_size=1, max_size=8))
    values_of_rows = draw(st.lists(st.tuples(*map(values, names)), max_size=6))
    return [dict(zip(names, each, strict=True)) for each in values_of_rows]


@given(st.sampled_from(list(CATALOG.entities.values())), rows())
def test_column_wise_and_row_wise_validation_agree(entity: EntityInfo, sent: list[dict[str, Any]]) -> None:
    names = list(sent[0]) if sent else []
    assert validate_uniform_rows(entity, sent, names) == [
        validate(entity, row, creating=False) for row in sent
    ]


def test_an_invalid_value_does_not_affect_other_rows() -> None:
    sent = [{"name": "A", "employees": 1}, {"name": "", "employees": -1}, {"name": "C", "employees": None}]
    first, invalid, last = validate_uniform_rows(CATALOG["Account"], sent, ["name", "employees"])
    assert first.values == {"name": "A", "employees": 1}
    assert last.values == {"name": "C", "employees": None}
    assert {error.path for error in invalid.errors} == {("name",), ("employees",)}
