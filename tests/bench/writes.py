"""The writes that are measured: bulk upserts over GraphQL beside bare inserts, through the same triggers."""

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
"""Rows of one call."""

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
"""What both ways write."""

BARE = f"""
    INSERT INTO account (tenant_id, {", ".join(COLUMNS)})
    SELECT %(tenant)s, {", ".join(COLUMNS)}
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS row ({", ".join(f"{n} {t}" for n, t in COLUMNS.items())})
    ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name
"""


@dataclass(frozen=True, slots=True)
class Speeds:
    """Rows per second of one round.

    Args:
        bare: Of bare inserts.
        new: Of upserts of new rows.
        same: Of the same rows again.
    """

    bare: float
    new: float
    same: float


def values(number: int) -> dict[str, object]:
    """Return the twelve fields of an account, as the API takes them."""
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
    given = values(number)
    address, revenue = given.pop("address"), given.pop("annualRevenue")
    assert isinstance(address, dict)
    assert isinstance(revenue, dict)
    return {
        "id": str(uuid.uuid4()),
        "lifecycle_stage": given.pop("lifecycleStage"),
        "address_city": address["city"],
        "address_country": address["country"],
        "annual_revenue_minor_units": revenue["minorUnits"],
        "annual_revenue_currency": revenue["currency"],
        **given,
    }


def bulk_upserts(data: Data, server: Target, rounds: int, calls: int) -> Iterator[Row]:
    """Measure upserts of new rows, and of the same rows again, against bare inserts.

    Args:
        data: Where the database is.
        server: Where Tenure answers.
        rounds: How many times the ways take turns.
        calls: How many calls of a thousand rows each way makes in a round.
    """
    name = f"bench of writes {uuid.uuid4()}"
    tenant = ensure_tenant(data.url, name)
    target = Target(server.port, server.path, create_key(data.url, name, Role.ADMIN, "bench", "bench").secret)
    _round(data, target, tenant, 2)
    found = [_round(data, target, tenant, calls) for _ in range(rounds)]
    speeds, captured = [speed for speed, _ in found], sum(changes for _, changes in found)
    best = sorted(speeds, key=lambda speed: speed.new / speed.bare)[len(speeds) // 2]
    shown = f"bare {best.bare:.0f} rows/s, new {best.new:.0f}, the same again {best.same:.0f}"
    what = f"bulk upsert over GraphQL, {ROWS} rows a call, 12 fields:"
    new = sorted(speed.new / speed.bare for speed in speeds)[len(speeds) // 2]
    same = sorted(speed.same / speed.new for speed in speeds)[len(speeds) // 2]
    yield at_least(f"{what} new rows to bare inserts", new, 0.35, shown)
    yield at_least(f"{what} the same rows again to new ones", same, 1.5, shown)
    yield at_most(f"{what} changes captured of the same rows", captured, 0)


def _round(data: Data, target: Target, tenant: uuid.UUID, calls: int) -> tuple[Speeds, int]:
    start = uuid.uuid4().int % 10**9
    numbers = [range(start + call * ROWS, start + (call + 1) * ROWS) for call in range(calls)]
    bare = bare_inserts(data, tenant, numbers)
    bodies = [_body(some) for some in numbers]
    new = _upserts(target, bodies, "CREATED")
    before = _changes(data, tenant)
    same = _upserts(target, bodies, "NOOP")
    rows = calls * ROWS
    return Speeds(rows / bare, rows / new, rows / same), _changes(data, tenant) - before


def bare_inserts(data: Data, tenant: uuid.UUID, numbers: list[range]) -> float:
    """Return how many seconds bare inserts of some accounts take, a statement per range."""
    documents = [orjson.dumps([columns(number) for number in some]).decode() for some in numbers]
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


def _upserts(target: Target, bodies: list[bytes], status: str) -> float:
    with connected(target) as connection:
        started = time.perf_counter()
        answers = [posted(connection, target, body) for body in bodies]
        seconds = time.perf_counter() - started
    for answer in answers:
        assert answer.count(f'"status":"{status}"'.encode()) == ROWS, answer[:500]
    return seconds


@contextmanager
def connected(target: Target) -> Iterator[HTTPConnection]:
    """Keep one connection to a server."""
    connection = HTTPConnection("127.0.0.1", target.port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def posted(connection: HTTPConnection, target: Target, body: bytes) -> bytes:
    """Return the answer to a question."""
    headers = {"Authorization": f"Bearer {target.key}", "Content-Type": "application/json"}
    connection.request("POST", target.path, body, headers)
    return connection.getresponse().read()


def _changes(data: Data, tenant: uuid.UUID) -> int:
    with psycopg.connect(data.url) as connection:
        found = connection.execute("SELECT count(*) FROM change WHERE tenant_id = %s", (tenant,)).fetchone()
    return found[0] if found else 0
