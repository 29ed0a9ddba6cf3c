"""The change feed, read page by page over GraphQL from its beginning to its end, beside a bare SELECT."""

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
from writes import connected, posted

from tenure_core.access.api_keys import create_key, ensure_tenant
from tenure_core.access.identity import Role

CHANGES_A_PAGE = 1_000

FOLLOW = """
    query Follow($after: String) {
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
    """Hands JSON on as it came."""

    def load(self, data: bytes | bytearray | memoryview) -> bytes:
        return bytes(data)


def following(data: Data, server: Target, rounds: int, changes: int) -> Row:
    """Measure reading the feed from its beginning to its end against a bare SELECT.

    Args:
        data: Where the database is.
        server: Where Tenure answers.
        rounds: How many times the ways take turns.
        changes: How many changes there are to read: a multiple of two pages.
    """
    name = f"bench of changes {uuid.uuid4()}"
    tenant = ensure_tenant(data.url, name)
    key = create_key(data.url, name, Role.READER, "bench", "bench").secret
    target = Target(server.port, server.path, key)
    _fill(data, tenant, changes // 2)
    _bare(data, tenant, changes)
    _followed(target, changes)
    found = [(_followed(target, changes), _bare(data, tenant, changes)) for _ in range(rounds)]
    ratio = statistics.median(feed / bare for feed, bare in found)
    feed, bare = (statistics.median(speeds) for speeds in zip(*found, strict=True))
    what = f"`changes`, {changes} read by {CHANGES_A_PAGE}: throughput to the bare SELECT"
    return at_least(what, ratio, 0.5, f"tenure {feed:.0f} changes/s, bare {bare:.0f}")


def _fill(data: Data, tenant: uuid.UUID, records: int) -> None:
    with psycopg.connect(data.url, autocommit=True) as connection:
        connection.execute(FILL, {"tenant": tenant, "count": records})
        connection.execute(CHANGE, {"tenant": tenant})
        connection.execute("ANALYZE change")


def _followed(target: Target, changes: int) -> float:
    """Return how many changes a second come over GraphQL, each page asked for with the cursor of the last."""
    pages, after = 0, None
    with connected(target) as connection:
        started = time.perf_counter()
        while pages * CHANGES_A_PAGE < changes:
            body = orjson.dumps({"query": FOLLOW, "variables": {"after": after}})
            answer = posted(connection, target, body)
            [end] = END.findall(answer)
            pages, after = pages + 1, end.decode()
        seconds = time.perf_counter() - started
    assert answer.count(b'"version"') == CHANGES_A_PAGE, answer[:500]
    return changes / seconds


def _bare(data: Data, tenant: uuid.UUID, changes: int) -> float:
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
