"""Measures bulk upserts over GraphQL against bare inserts into the same tables, with the same triggers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

import orjson
import psycopg
from data import Data
from load import Target
from report import Row, at_least, at_most

from tenure_core.access.api_keys import create_key, ensure_tenant
from tenure_core.access.identity import Role

ROWS = 1_000
"""Rows per call."""

UPSERT = """
    mutation Upsert($rows: [AccountUpsertRow!]!) {
        accountsBulkUpsert(input: {rows: $rows, errorPolicy: REJECT_FAILED_ROWS}) {
            results { index rowKey status account { id } userErrors { code path message } }
        }
    }
"""

COLUMNS = {
    "id": "uuid",
    "name": "text",
    "kind": "text",
    "lifecycle_stage": "text",
    "industry": "text",
    "tier": "text",
    "website": "text",
    "phone": "text",
    "email": "text",
    "address_city": "text",
    "address_country": "text",
    "annual_revenue_minor_units": "bigint",
    "annual_revenue_currency": "text",
    "employees": "integer",
    "owner": "text",
}
"""The written columns."""

BARE = f"""
    INSERT INTO account (tenant_id, {", ".join(COLUMNS)})
    SELECT %(tenant)s, {", ".join(COLUMNS)}
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS row ({", ".join(f"{n} {t}" for n, t in COLUMNS.items())})
    ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name
"""


@dataclass(frozen=True, slots=True)
class Speeds:
    """Rows per second in one round.

    Args:
        bare: Bare inserts.
        new: Upserts of new rows.
        same: Upserts of the same rows again.
    """

    bare: float
    new: float
    same: float


def values(number: int) -> dict[str, object]:
    """Return the twelve fields of an account as input of the API."""
    return {
        "name": f"Customer {number}",
        "kind": "ORGANIZATION",
        "lifecycleStage": "CUSTOMER",
        "industry": "Machinery",
        "tier": "gold",
        "website": f"https://customer{number}.example",
        "phone": f"+49301{number % 10_000_000:07}",
        "email": f"office@customer{number}.example",
        "address": {"city": "Bonn", "country": "DE"},
        "annualRevenue": {"minorUnits": number, "currency": "EUR"},
        "employees": number % 5_000,
        "owner": "Anna",
    }


def columns(number: int) -> dict[str, object]:
    """Return the same account by column."""
    fields = values(number)
    address, revenue = fields.pop("address"), fields.pop("annualRevenue")
    assert isinstance(address, dict)
    assert isinstance(revenue, dict)
    return {
        "id": str(uuid.uuid4()),
        "lifecycle_stage": fields.pop("lifecycleStage"),
        "address_city": address["city"],
        "address_country": address["country"],
        "annual_revenue_minor_units": revenue["minorUnits"],
        "annual_revenue_currency": revenue["currency"],
        **fields,
    }


def measure_bulk_upserts(data: Data, server: Target, rounds: int, calls: int) -> Iterator[Row]:
    """Measure upserts of new rows, and of the same rows again, against bare inserts.

    Args:
        data: The data.
        server: The server.
        rounds: Number of rounds.
        calls: Number of calls per round.
    """
    name = f"bench of writes {uuid.uuid4()}"
    tenant = ensure_tenant(data.url, name)
    target = Target(server.port, server.path, create_key(data.url, name, Role.ADMIN, "bench", "bench").secret)
    _run_round(data, target, tenant, 2)
    results = [_run_round(data, target, tenant, calls) for _ in range(rounds)]
    speeds, captured = [speed for speed, _ in results], sum(changes for _, changes in results)
    median = sorted(speeds, key=lambda speed: speed.new / speed.bare)[len(speeds) // 2]
    detail = f"bare {median.bare:.0f} rows/s, new {median.new:.0f}, the same again {median.same:.0f}"
    what = f"bulk upsert over GraphQL, {ROWS} rows a call, 12 fields:"
    new = sorted(speed.new / speed.bare for speed in speeds)[len(speeds) // 2]
    same = sorted(speed.same / speed.new for speed in speeds)[len(speeds) // 2]
    yield at_least(f"{what} new rows to bare inserts", new, 0.35, detail)
    yield at_least(f"{what} the same rows again to new ones", same, 1.5, detail)
    yield at_most(f"{what} changes captured of the same rows", captured, 0)


def _run_round(data: Data, target: Target, tenant: uuid.UUID, calls: int) -> tuple[Speeds, int]:
    start = uuid.uuid4().int % 10**9
    numbers = [range(start + call * ROWS, start + (call + 1) * ROWS) for call in range(calls)]
    bare = time_bare_inserts(data, tenant, numbers)
    bodies = [_body(chunk) for chunk in numbers]
    new = _time_upserts(target, bodies, "CREATED")
    before = _count_changes(data, tenant)
    same = _time_upserts(target, bodies, "NOOP")
    rows = calls * ROWS
    return Speeds(rows / bare, rows / new, rows / same), _count_changes(data, tenant) - before


def time_bare_inserts(data: Data, tenant: uuid.UUID, numbers: list[range]) -> float:
    """Return the seconds that bare inserts of accounts take, with one statement per range."""
    documents = [orjson.dumps([columns(number) for number in chunk]).decode() for chunk in numbers]
    with psycopg.connect(data.url, autocommit=True) as connection:
        connection.execute("SELECT set_config('tenure.tenant_id', %s, false)", (str(tenant),))
        connection.execute("SET ROLE tenure_app")
        started = time.perf_counter()
        for document in documents:
            connection.execute(BARE, {"tenant": tenant, "rows": document})
        return time.perf_counter() - started


def _body(numbers: range) -> bytes:
    rows = [
        {"match": {"externalRef": {"system": "bench", "id": str(number)}}, **values(number)}
        for number in numbers
    ]
    return orjson.dumps({"query": UPSERT, "variables": {"rows": rows}})


def _time_upserts(target: Target, bodies: list[bytes], status: str) -> float:
    with open_connection(target) as connection:
        started = time.perf_counter()
        responses = [post(connection, target, body) for body in bodies]
        seconds = time.perf_counter() - started
    for response in responses:
        assert response.count(f'"status":"{status}"'.encode()) == ROWS, response[:500]
    return seconds


@contextmanager
def open_connection(target: Target) -> Iterator[HTTPConnection]:
    """Open a connection to a server."""
    connection = HTTPConnection("127.0.0.1", target.port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def post(connection: HTTPConnection, target: Target, body: bytes) -> bytes:
    """Return the response to a request."""
    headers = {"Authorization": f"Bearer {target.key}", "Content-Type": "application/json"}
    connection.request("POST", target.path, body, headers)
    return connection.getresponse().read()


def _count_changes(data: Data, tenant: uuid.UUID) -> int:
    with psycopg.connect(data.url) as connection:
        row = connection.execute("SELECT count(*) FROM change WHERE tenant_id = %s", (tenant,)).fetchone()
    return row[0] if row else 0
