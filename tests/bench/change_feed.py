"""Measures reading the complete change feed over GraphQL against a bare SELECT."""

from __future__ import annotations

import re
import statistics
import time
import uuid

import orjson
import psycopg
from data import Data
from load import Target
from psycopg.adapt import Loader
from report import Row, at_least
from writes import open_connection, post

from tenure_core.access.api_keys import create_key, ensure_tenant
from tenure_core.access.identity import Role

CHANGES_PER_PAGE = 1_000

CHANGES_QUERY = """
    query Changes($after: String) {
        changes(first: 1000, after: $after) {
            edges {
                cursor entity id operation changedFields before after version actor origin
                transactionId occurredAt
            }
            pageInfo { hasNextPage endCursor }
        }
    }
"""

FILL = """
    INSERT INTO account (tenant_id, name, industry, email, employees, address_city, address_country)
    SELECT %(tenant)s, 'Customer ' || n, 'Machinery', 'office@customer' || n || '.example', n, 'Bonn', 'DE'
    FROM generate_series(1, %(count)s) AS n
"""

CHANGE = "UPDATE account SET employees = employees + 1, tier = 'gold' WHERE tenant_id = %(tenant)s"

BARE = """
    SELECT seq, row_to_json(edge) FROM (
        SELECT
            seq, entity, record_id AS id, operation, before, after, version, actor, origin,
            transaction_id::text AS "transactionId", occurred_at AS "occurredAt",
            ARRAY(SELECT jsonb_object_keys(coalesce(after, before))) AS "changedFields"
        FROM change WHERE tenant_id = %(tenant)s AND seq > %(seq)s ORDER BY seq LIMIT 1000
    ) AS edge
"""

END = re.compile(rb'"endCursor" ?: ?"([^"]+)"')


class _Bytes(Loader):
    """Returns JSON as bytes, without parsing it."""

    def load(self, data: bytes | bytearray | memoryview) -> bytes:
        return bytes(data)


def measure_change_feed(data: Data, server: Target, rounds: int, changes: int) -> Row:
    """Measure reading the complete feed against a bare SELECT.

    Args:
        data: The data.
        server: The server.
        rounds: Number of rounds.
        changes: Number of changes, a multiple of two pages.
    """
    name = f"bench of changes {uuid.uuid4()}"
    tenant = ensure_tenant(data.url, name)
    key = create_key(data.url, name, Role.READER, "bench", "bench").secret
    target = Target(server.port, server.path, key)
    _fill(data, tenant, changes // 2)
    _read_table(data, tenant, changes)
    _read_feed(target, changes)
    speeds = [(_read_feed(target, changes), _read_table(data, tenant, changes)) for _ in range(rounds)]
    ratio = statistics.median(feed / bare for feed, bare in speeds)
    feed, bare = (statistics.median(values) for values in zip(*speeds, strict=True))
    what = f"`changes`, {changes} read by {CHANGES_PER_PAGE}: throughput to the bare SELECT"
    return at_least(what, ratio, 0.5, f"tenure {feed:.0f} changes/s, bare {bare:.0f}")


def _fill(data: Data, tenant: uuid.UUID, records: int) -> None:
    with psycopg.connect(data.url, autocommit=True) as connection:
        connection.execute(FILL, {"tenant": tenant, "count": records})
        connection.execute(CHANGE, {"tenant": tenant})
        connection.execute("ANALYZE change")


def _read_feed(target: Target, changes: int) -> float:
    """Return the changes per second over GraphQL."""
    pages, after = 0, None
    with open_connection(target) as connection:
        started = time.perf_counter()
        while pages * CHANGES_PER_PAGE < changes:
            body = orjson.dumps({"query": CHANGES_QUERY, "variables": {"after": after}})
            response = post(connection, target, body)
            [end] = END.findall(response)
            pages, after = pages + 1, end.decode()
        seconds = time.perf_counter() - started
    assert response.count(b'"version"') == CHANGES_PER_PAGE, response[:500]
    return changes / seconds


def _read_table(data: Data, tenant: uuid.UUID, changes: int) -> float:
    read, seq = 0, 0
    with psycopg.connect(data.url, autocommit=True, prepare_threshold=2) as connection:
        connection.adapters.register_loader("json", _Bytes)
        connection.execute("SELECT set_config('tenure.tenant_id', %s, false)", (str(tenant),))
        connection.execute("SET ROLE tenure_app")
        started = time.perf_counter()
        while read < changes:
            rows = connection.execute(BARE, {"tenant": tenant, "seq": seq}).fetchall()
            read, seq = read + len(rows), rows[-1][0]
        return changes / (time.perf_counter() - started)
