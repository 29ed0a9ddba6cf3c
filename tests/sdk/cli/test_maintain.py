"""`tenure maintain`."""

from __future__ import annotations

import psycopg
from tests.support.command_line import Tenure

PARTITIONS = (
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'change'::regclass "
    "AND inhrelid <> 'change_default'::regclass ORDER BY 1"
)


def test_missing_partitions_are_created_once(tenure: Tenure, migrated_database_url: str) -> None:
    with psycopg.connect(migrated_database_url) as owner:
        *_, (last,) = owner.execute(PARTITIONS).fetchall()
        owner.execute(f"DROP TABLE {last}")
    first, second = (tenure("maintain", DATABASE_URL=migrated_database_url) for _ in range(2))
    assert first.stdout == f"Created {last}\nDeleted 0 idempotency key(s).\n", first.stderr
    assert second.stdout == "Deleted 0 idempotency key(s).\n"
