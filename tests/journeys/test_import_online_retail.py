"""UCI Online Retail: after `tenure import`, the stored records and the API match the results of pandas."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pandas
import psycopg
import pytest
from tests.support import graphql_requests as api
from tests.support.readme_examples import RETAIL, Example, queries

from tenure_core.access.api_keys import ensure_tenant
from tenure_core.access.identity import Actor, Role
from tenure_core.plugins.host import core_host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings
from tenure_schema.operations.executor import Executor

Execute = Callable[[str], Awaitable[Any]]

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TENURE_DATA", ROOT.parent / "shared" / "data"))
FILE = DATA / "online_retail_to_2011-06-11.csv.gz"
MAPS = ROOT / "sdk" / "examples" / "online_retail"
TENURE = (sys.executable, "-c", "from tenure_sdk.cli.app import main; main()")
NO_COUNTRY = ("Channel Islands", "European Community", "Unspecified")

pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason=f"{FILE.name} is missing: set TENURE_DATA to its folder"
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
    """The name of a tenant with the customers and invoices of the file."""
    tenant, folder = f"retail {uuid.uuid4()}", tmp_path_factory.mktemp("retail")
    tenure_import(database_url, tenant, "Account", "accounts.yaml", folder)
    tenure_import(database_url, tenant, "Activity", "activities.yaml", folder)
    return tenant


@pytest.fixture(scope="module")
def file() -> pandas.DataFrame:
    """The file, with prices in integer thousandths, so that sums are exact."""
    table = pandas.read_csv(FILE, dtype=str, keep_default_na=False, parse_dates=["InvoiceDate"])
    table["Thousandths"] = (table.UnitPrice.astype(float) * 1000).round().astype(int) * table.Quantity.astype(
        int
    )
    return table


@pytest.fixture(scope="module")
def invoices(file: pandas.DataFrame) -> pandas.DataFrame:
    """One row per invoice, with its customer, the customer's country, its month and its value in pence."""
    grouped = file.groupby("InvoiceNo")
    table = grouped.agg(
        Customer=("CustomerID", "first"), At=("InvoiceDate", "min"), Sum=("Thousandths", "sum")
    )
    known = file[file.CustomerID != ""]
    table["Country"] = table.Customer.map(known.groupby("CustomerID").Country.first())
    table["Pence"] = (table.Sum.abs() + 5) // 10 * table.Sum.map(lambda value: 1 if value >= 0 else -1)
    table["Month"] = table.At.dt.strftime("%Y-%m")
    return table


def select(url: str, tenant: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT id FROM tenant WHERE name = %s", (tenant,)).fetchone()
        assert row
        return connection.execute(query, {"tenant": row[0]}).fetchall()


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


def test_each_customer_is_an_account_with_the_country_of_its_first_line(
    database_url: str, retail: str, file: pandas.DataFrame
) -> None:
    stored = dict(select(database_url, retail, CUSTOMERS))
    known = file[file.CustomerID != ""]
    first = known.groupby(known.CustomerID.str.removesuffix(".0")).Country.first()
    assert len(stored) == 2855
    assert stored == first.to_dict()


def test_every_country_with_a_code_has_it(database_url: str, retail: str) -> None:
    codes = dict(select(database_url, retail, COUNTRIES))
    assert {country for country, code in codes.items() if code is None} == set(NO_COUNTRY)
    assert (codes["United Kingdom"], codes["EIRE"], codes["Norway"], codes["USA"]) == ("GB", "IE", "NO", "US")


def test_each_invoice_is_a_purchase_with_value_time_and_customer(
    database_url: str, retail: str, invoices: pandas.DataFrame
) -> None:
    stored = select(database_url, retail, PURCHASES)
    expected = {
        (number, pence, f"{at:%Y-%m-%d %H:%M}", customer.removesuffix(".0"), "PURCHASE", "GBP")
        for number, pence, at, customer in zip(
            invoices.index, invoices.Pence, invoices.At, invoices.Customer, strict=True
        )
    }
    assert len(stored) == 11543
    assert set(stored) == expected
    assert [number for number, pence, *_ in stored if number.startswith("C") and pence > 0] == []


def test_revenue_per_month_and_country_matches_pandas(
    database_url: str, retail: str, invoices: pandas.DataFrame
) -> None:
    stored = {(month, country): pence for month, country, pence in select(database_url, retail, REVENUE)}
    expected = invoices[invoices.Customer != ""].groupby(["Month", "Country"]).Pence.sum()
    assert stored == expected.to_dict()


def test_a_second_import_writes_nothing(database_url: str, retail: str, tmp_path: Path) -> None:
    before = select(database_url, retail, CHANGES)
    output = tenure_import(database_url, retail, "Activity", "activities.yaml", tmp_path)
    assert re.search(r"records unchanged +11,543\n", output)
    assert select(database_url, retail, CHANGES) == before


@pytest.fixture(scope="module")
def execute(retail: str, database_url: str, database: Database, settings: Settings) -> Execute:
    """Executes queries with the role reader."""
    reader = Actor(ensure_tenant(database_url, retail), uuid.uuid4(), Role.READER, "test")
    executor = Executor(core_host(), database, settings)

    async def execute_query(query: str) -> Any:
        result = await api.execute_request(executor, reader, query)
        assert "errors" not in result, result
        return result["data"]

    return execute_query


async def test_the_counts_of_the_api_match_pandas(execute: Execute, invoices: pandas.DataFrame) -> None:
    result = await execute(
        "{ accounts { totalCount } activitiesAggregate { count sum { value { minorUnits } } } }"
    )
    assert result["accounts"]["totalCount"] == invoices[invoices.Customer != ""].Customer.nunique()
    [total] = result["activitiesAggregate"]
    assert (total["count"], total["sum"]["value"]["minorUnits"]) == (len(invoices), invoices.Pence.sum())


async def test_the_sums_of_the_api_match_pandas(
    execute: Execute, invoices: pandas.DataFrame, database_url: str, retail: str
) -> None:
    result = await execute("""{
        activitiesAggregate(
          first: 1000, groupBy: [{field: OCCURRED_AT, bucket: MONTH}, {field: ACCOUNT_ADDRESS_COUNTRY}]
        ) { key { occurredAt accountAddressCountry } count sum { value { minorUnits currency } } }
    }""")
    groups = result["activitiesAggregate"]
    sums = {
        (group["key"]["occurredAt"][:7], group["key"]["accountAddressCountry"]): group["sum"]["value"][
            "minorUnits"
        ]
        for group in groups
    }
    codes = dict(select(database_url, retail, COUNTRIES))
    months = invoices.At.dt.tz_localize("Europe/London").dt.tz_convert("UTC").dt.strftime("%Y-%m")
    countries = invoices.Country.map(codes).fillna("")
    expected = invoices.groupby([months, countries]).Pence.sum()
    assert sums == {(month, country or None): pence for (month, country), pence in expected.items()}
    assert {group["sum"]["value"]["currency"] for group in groups} == {"GBP"}


async def test_the_ten_best_customers_and_their_last_purchases_match_pandas(
    execute: Execute, invoices: pandas.DataFrame
) -> None:
    result = await execute("""{
        activitiesAggregate(
          where: {account: {some: {}}}, groupBy: [{field: ACCOUNT}], first: 10
          orderBy: [{function: SUM, field: VALUE, direction: DESC}]
        ) {
          sum { value { minorUnits } }
          key { account { name activities(first: 5) { nodes { subject value { minorUnits } } } } }
        }
    }""")
    known = invoices[invoices.Customer != ""]
    best = known.groupby("Customer").Pence.sum().sort_values(ascending=False).head(10)
    groups = result["activitiesAggregate"]
    assert [group["sum"]["value"]["minorUnits"] for group in groups] == best.tolist()
    for group, customer in zip(groups, best.index, strict=True):
        account = group["key"]["account"]
        assert account["name"] == f"Customer {customer.removesuffix('.0')}"
        times = known[known.Customer == customer].At.sort_values(ascending=False).head(5)
        nodes = account["activities"]["nodes"]
        latest = [known.loc[node["subject"].removeprefix("Invoice ")] for node in nodes]
        assert [invoice.At for invoice in latest] == times.tolist()
        assert [node["value"]["minorUnits"] for node in nodes] == [i.Pence for i in latest]


async def test_customers_without_a_purchase_since_march_match_pandas(
    execute: Execute, invoices: pandas.DataFrame
) -> None:
    query = """{
        accounts(first: 100, after: %s, where: {
          activities: {some: {occurredAt: {lt: "2011-03-01T00:00:00Z"}}}
          not: {activities: {some: {occurredAt: {gte: "2011-03-01T00:00:00Z"}}}}
        }) { totalCount nodes { name } pageInfo { hasNextPage endCursor } }
    }"""
    names: list[str] = []
    after = "null"
    while after:
        page = (await execute(query % after))["accounts"]
        names += [node["name"] for node in page["nodes"]]
        after = f'"{page["pageInfo"]["endCursor"]}"' if page["pageInfo"]["hasNextPage"] else ""
    last = invoices[invoices.Customer != ""].groupby("Customer").At.max()
    lost = last[last < "2011-03-01"].index
    assert sorted(names) == sorted(f"Customer {customer.removesuffix('.0')}" for customer in lost)
    assert len(names) == page["totalCount"]


@pytest.mark.parametrize(
    "example", queries(RETAIL), ids=lambda example: example.text.split("(")[0].strip(" {\n")
)
async def test_the_readme_shows_the_actual_output(execute: Execute, example: Example) -> None:
    assert {"data": await execute(example.text)} == example.response
