"""UCI Online Retail, real invoices, through `tenure import`: the numbers are those that pandas computes."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pandas
import psycopg
import pytest

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TENURE_DATA", ROOT.parent / "shared" / "data"))
FILE = DATA / "online_retail_to_2011-06-11.csv.gz"
MAPS = ROOT / "sdk" / "examples" / "online_retail"
TENURE = (sys.executable, "-c", "from tenure_sdk.cli import main; main()")
NO_COUNTRY = ("Channel Islands", "European Community", "Unspecified")

pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason=f"{FILE.name} is not there: TENURE_DATA names its folder"
)


def tenure_import(url: str, tenant: str, entity: str, name: str, folder: Path) -> str:
    command = [
        *TENURE,
        "import",
        str(FILE),
        "--entity",
        entity,
        "--map",
        str(MAPS / name),
        "--tenant",
        tenant,
    ]
    environment = {**os.environ, "DATABASE_URL": url}
    rejects = ["--rejects", str(folder / "rejects.csv")]
    done = subprocess.run([*command, *rejects], env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def retail(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tenant with the customers and invoices of the file."""
    tenant, folder = f"retail {uuid.uuid4()}", tmp_path_factory.mktemp("retail")
    tenure_import(database_url, tenant, "Account", "accounts.yaml", folder)
    tenure_import(database_url, tenant, "Activity", "activities.yaml", folder)
    return tenant


@pytest.fixture(scope="module")
def file() -> pandas.DataFrame:
    """The file as pandas reads it; prices as whole thousandths, so that sums are exact."""
    table = pandas.read_csv(FILE, dtype=str, keep_default_na=False, parse_dates=["InvoiceDate"])
    table["Thousandths"] = (table.UnitPrice.astype(float) * 1000).round().astype(int) * table.Quantity.astype(
        int
    )
    return table


@pytest.fixture(scope="module")
def invoices(file: pandas.DataFrame) -> pandas.DataFrame:
    """One row per invoice, with its customer, that customer's country, its month and its pence."""
    grouped = file.groupby("InvoiceNo")
    table = grouped.agg(
        Customer=("CustomerID", "first"), At=("InvoiceDate", "min"), Sum=("Thousandths", "sum")
    )
    known = file[file.CustomerID != ""]
    table["Country"] = table.Customer.map(known.groupby("CustomerID").Country.first())
    table["Pence"] = (table.Sum.abs() + 5) // 10 * table.Sum.map(lambda value: 1 if value >= 0 else -1)
    table["Month"] = table.At.dt.strftime("%Y-%m")
    return table


def ask(url: str, tenant: str, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT id FROM tenant WHERE name = %s", (tenant,)).fetchone()
        assert found
        return connection.execute(question, {"tenant": found[0]}).fetchall()


CUSTOMERS = """
SELECT r.external_id, a.attributes->>'country'
FROM external_ref r JOIN account a ON a.tenant_id = r.tenant_id AND a.id = r.record_id
WHERE r.tenant_id = %(tenant)s AND r.entity = 'Account'
"""

COUNTRIES = (
    "SELECT DISTINCT attributes->>'country', address_country FROM account WHERE tenant_id = %(tenant)s"
)

PURCHASES = """
SELECT substr(p.subject, 9), p.value_minor_units,
       to_char(p.occurred_at AT TIME ZONE 'Europe/London', 'YYYY-MM-DD HH24:MI'),
       coalesce(substr(a.name, 10), ''), p.kind, p.value_currency
FROM activity p LEFT JOIN account a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
WHERE p.tenant_id = %(tenant)s
"""

REVENUE = """
SELECT to_char(p.occurred_at, 'YYYY-MM'), a.attributes->>'country', sum(p.value_minor_units)::bigint
FROM activity p JOIN account a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
WHERE p.tenant_id = %(tenant)s GROUP BY 1, 2
"""

CHANGES = "SELECT count(*) FROM change WHERE tenant_id = %(tenant)s"


def test_each_customer_is_one_account_with_the_country_of_its_first_line(
    database_url: str, retail: str, file: pandas.DataFrame
) -> None:
    stored = dict(ask(database_url, retail, CUSTOMERS))
    known = file[file.CustomerID != ""]
    first = known.groupby(known.CustomerID.str.removesuffix(".0")).Country.first()
    assert len(stored) == 2855
    assert stored == first.to_dict()


def test_every_country_that_has_a_code_got_it(database_url: str, retail: str) -> None:
    codes = dict(ask(database_url, retail, COUNTRIES))
    assert {country for country, code in codes.items() if code is None} == set(NO_COUNTRY)
    assert (codes["United Kingdom"], codes["EIRE"], codes["Norway"], codes["USA"]) == ("GB", "IE", "NO", "US")


def test_each_invoice_is_one_purchase_with_its_value_time_and_customer(
    database_url: str, retail: str, invoices: pandas.DataFrame
) -> None:
    stored = ask(database_url, retail, PURCHASES)
    expected = {
        (number, pence, f"{at:%Y-%m-%d %H:%M}", customer.removesuffix(".0"), "PURCHASE", "GBP")
        for number, pence, at, customer in zip(
            invoices.index, invoices.Pence, invoices.At, invoices.Customer, strict=True
        )
    }
    assert len(stored) == 11543
    assert set(stored) == expected
    assert [number for number, pence, *_ in stored if number.startswith("C") and pence > 0] == []


def test_revenue_per_month_and_country_is_what_pandas_says(
    database_url: str, retail: str, invoices: pandas.DataFrame
) -> None:
    stored = {(month, country): pence for month, country, pence in ask(database_url, retail, REVENUE)}
    expected = invoices[invoices.Customer != ""].groupby(["Month", "Country"]).Pence.sum()
    assert stored == expected.to_dict()


def test_a_second_import_writes_nothing(database_url: str, retail: str, tmp_path: Path) -> None:
    before = ask(database_url, retail, CHANGES)
    output = tenure_import(database_url, retail, "Activity", "activities.yaml", tmp_path)
    assert "records unchanged                11,543" in output
    assert ask(database_url, retail, CHANGES) == before
