"""UCI Online Retail, kept in step: loaded, changed in one of a hundred, sent again: just that is updated."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest
from tests.support.server_process import Running, running

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Role
from tenure_sdk.client import Change, Tenure

DATA = Path(os.environ.get("TENURE_DATA", Path(__file__).parents[3] / "shared" / "data"))
FILE = DATA / "online_retail_to_2011-06-11.csv.gz"
SYSTEM = "online-retail"
SHARE = 0.01

pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason=f"{FILE.name} is not there: TENURE_DATA names its folder"
)

Rows = list[dict[str, Any]]


def match(key: str) -> dict[str, Any]:
    return {"externalRef": {"system": SYSTEM, "id": key}}


@pytest.fixture(scope="module")
def file() -> pandas.DataFrame:
    table = pandas.read_csv(FILE, dtype=str, keep_default_na=False, parse_dates=["InvoiceDate"])
    table["Pence"] = table.UnitPrice.astype(float) * table.Quantity.astype(int) * 100
    return table


@pytest.fixture(scope="module")
def customers(file: pandas.DataFrame) -> Rows:
    known = file[file.CustomerID != ""].drop_duplicates("CustomerID")
    return [
        {"match": match(number), "name": f"Customer {number}", "attributes": {"country": country}}
        for number, country in zip(known.CustomerID, known.Country, strict=True)
    ]


@pytest.fixture(scope="module")
def invoices(file: pandas.DataFrame) -> Rows:
    grouped = file.groupby("InvoiceNo", sort=False).agg(
        Customer=("CustomerID", "first"), At=("InvoiceDate", "min"), Pence=("Pence", "sum")
    )
    return [
        {
            "match": match(one.Index),
            "account": match(one.Customer) if one.Customer else None,
            "kind": "PURCHASE",
            "subject": f"Invoice {one.Index}",
            "occurredAt": f"{one.At.isoformat()}Z",
            "value": {"minorUnits": round(one.Pence), "currency": "GBP"},
        }
        for one in grouped.itertuples()
    ]


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[Running]:
    with running(database_url) as server:
        yield server


@pytest.fixture
def tenure(server: Running, database_url: str) -> Iterator[Tenure]:
    key = create_key(database_url, f"retail {uuid.uuid4()}", Role.ADMIN, "sync", SYSTEM).secret
    with Tenure(server.url, key) as tenure:
        yield tenure


def changes(tenure: Tenure, cursor: str | None) -> tuple[list[Change], str]:
    """Read the feed to its end."""
    found: list[Change] = []
    while True:
        page = tenure.changes(cursor)
        found += page.changes
        cursor = page.cursor
        if not page.has_more:
            return found, cursor


def changed(rows: Rows, field: str, draw: random.Random) -> tuple[Rows, set[str]]:
    """Return the rows with a field changed in one of a hundred, and the keys of those."""
    chosen = set(draw.sample(range(len(rows)), round(len(rows) * SHARE)))
    sent = [{**row, field: f"{row[field]} *"} if n in chosen else row for n, row in enumerate(rows)]
    return sent, {rows[n]["match"]["externalRef"]["id"] for n in chosen}


def test_what_was_changed_since_the_last_time_and_nothing_else_is_updated_and_in_the_feed(
    tenure: Tenure, customers: Rows, invoices: Rows
) -> None:
    draw = random.Random(3)
    loads = {"Account": (customers, "name"), "Activity": (invoices, "subject")}
    for entity, (rows, _) in loads.items():
        assert tenure.upsert_many(entity, rows).counts == {"CREATED": len(rows)}
    loaded, cursor = changes(tenure, None)
    assert {change.operation for change in loaded} == {"CREATE"}
    assert len(loaded) == len(customers) + len(invoices)

    expected, ids = set(), {}
    for entity, (rows, field) in loads.items():
        sent, keys = changed(rows, field, draw)
        updated: set[str] = set()

        def note(done: Any, updated: set[str] = updated, entity: str = entity) -> None:
            updated |= {one.key for one in done.latest if one.status == "UPDATED"}
            ids.update({one.id: (entity, one.key) for one in done.latest})

        counts = tenure.upsert_many(entity, sent, on_progress=note).counts
        assert counts == {"NOOP": len(rows) - len(keys), "UPDATED": len(keys)}
        assert updated == keys
        expected |= {(entity, key, field) for key in keys}

    told, _ = changes(tenure, cursor)
    assert {change.operation for change in told} == {"UPDATE"}
    found = [(*ids[change.id], *change.changed_fields) for change in told]
    assert len(found) == len(set(found))
    assert set(found) == expected
