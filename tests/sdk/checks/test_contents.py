"""Contents: records, and what else plugins keep of tenants; what the platform notes is left out."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from tenure_core.migrating.migrate import connected, upgrade
from tenure_core.migrating.scratch import scratch_database
from tenure_core.plugins import core_host
from tenure_sdk.checks.contents import BOOKKEEPING, altered, contents

TENANT = UUID(int=7)


@pytest.fixture(scope="module")
def connection(server_url: str) -> Iterator[Connection]:
    with scratch_database(server_url) as url:
        upgrade(url, core_host())
        with connected(url) as connection:
            yield connection


def test_of_the_core_only_records_are_there(connection: Connection) -> None:
    assert contents(connection).keys() == {"account", "contact", "activity"}
    known = text("SELECT count(*) FROM pg_tables WHERE tablename = ANY (:names)")
    assert connection.scalar(known, {"names": list(BOOKKEEPING)}) == len(BOOKKEEPING)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("PRIMARY KEY (day, tenant_id)", ["order.times differs in 1 of 1 rows"]),
        ("CHECK (times > 0)", ["order has lost 1 of 1 rows", "order has 1 rows more than 1"]),
    ],
)
def test_what_a_plugin_counts_in_a_table_of_its_own_is_there(
    connection: Connection, key: str, expected: list[str]
) -> None:
    connection.execute(text(f'CREATE TABLE "order" (tenant_id uuid, day date, times int, {key})'))
    connection.execute(text("""INSERT INTO "order" VALUES (:tenant, '2031-05-01', 1)"""), {"tenant": TENANT})
    before = contents(connection)
    connection.execute(text('UPDATE "order" SET times = 2'))
    after = contents(connection)
    connection.execute(text('DROP TABLE "order"'))
    assert [row.partition("/")[0] for row in before["order"]] == [str(TENANT)]
    assert list(altered(before, after)) == expected
