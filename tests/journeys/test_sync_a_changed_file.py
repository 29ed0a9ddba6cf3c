"""UCI Online Retail: after 1 % of the file has changed, an upsert updates exactly the changed records."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest
from tests.support.server_process import TenureProcess

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Role
from tenure_sdk.client import Change, Tenure

DATA = Path(os.environ.get("TENURE_DATA", Path(__file__).parents[3] / "shared" / "data"))
FILE = DATA / "online_retail_to_2011-06-11.csv.gz"
SYSTEM = "online-retail"
CHANGED_FRACTION = 0.01

pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason=f"{FILE.name} is missing: set TENURE_DATA to its folder"
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
            "match": match(invoice.Index),
            "account": match(invoice.Customer) if invoice.Customer else None,
            "kind": "PURCHASE",
            "subject": f"Invoice {invoice.Index}",
            "occurredAt": f"{invoice.At.isoformat()}Z",
            "value": {"minorUnits": round(invoice.Pence), "currency": "GBP"},
        }
        for invoice in grouped.itertuples()
    ]


@pytest.fixture
def tenure(server: TenureProcess, database_url: str) -> Iterator[Tenure]:
    key = create_key(database_url, f"retail {uuid.uuid4()}", Role.ADMIN, "sync", SYSTEM).secret
    with Tenure(server.url, key) as tenure:
        yield tenure


def read_feed(tenure: Tenure, cursor: str | None) -> tuple[list[Change], str]:
    """Read the feed to its end."""
    changes: list[Change] = []
    while True:
        page = tenure.changes(cursor)
        changes += page.changes
        cursor = page.cursor
        if not page.has_more:
            return changes, cursor


def change_rows(rows: Rows, field: str, rng: random.Random) -> tuple[Rows, set[str]]:
    """Change a field of 1 % of the rows; return all rows and the keys of the changed ones."""
    chosen = set(rng.sample(range(len(rows)), round(len(rows) * CHANGED_FRACTION)))
    sent = [{**row, field: f"{row[field]} *"} if n in chosen else row for n, row in enumerate(rows)]
    return sent, {rows[n]["match"]["externalRef"]["id"] for n in chosen}


def test_exactly_the_changed_records_are_updated_and_in_the_feed(
    tenure: Tenure, customers: Rows, invoices: Rows
) -> None:
    rng = random.Random(3)
    loads = {"Account": (customers, "name"), "Activity": (invoices, "subject")}
    for entity, (rows, _) in loads.items():
        assert tenure.upsert_many(entity, rows).counts == {"CREATED": len(rows)}
    loaded, cursor = read_feed(tenure, None)
    assert {change.operation for change in loaded} == {"CREATE"}
    assert len(loaded) == len(customers) + len(invoices)

    expected, ids = set(), {}
    for entity, (rows, field) in loads.items():
        sent, keys = change_rows(rows, field, rng)
        updated: set[str] = set()

        def record(report: Any, updated: set[str] = updated, entity: str = entity) -> None:
            updated |= {result.key for result in report.last_chunk if result.status == "UPDATED"}
            ids.update({result.id: (entity, result.key) for result in report.last_chunk})

        counts = tenure.upsert_many(entity, sent, on_progress=record).counts
        assert counts == {"NOOP": len(rows) - len(keys), "UPDATED": len(keys)}
        assert updated == keys
        expected |= {(entity, key, field) for key in keys}

    updates, _ = read_feed(tenure, cursor)
    assert {change.operation for change in updates} == {"UPDATE"}
    fields = [(*ids[change.id], *change.changed_fields) for change in updates]
    assert len(fields) == len(set(fields))
    assert set(fields) == expected
