"""Retention deletes expired changes and idempotency records, and creates the partitions of the next days."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tenure_core.access.identity import Actor
from tenure_core.changes.retention import apply_retention
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings


@pytest.fixture
def owner(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def insert_old_change(owner: psycopg.Connection[Any], actor: Actor, days: int) -> str:
    """Insert a change that was captured some days ago, and return the name of its partition."""
    moment = datetime.now(UTC) - timedelta(days=days)
    owner.execute(
        """INSERT INTO change (tenant_id, entity, record_id, operation, version, actor, origin, occurred_at)
           VALUES (%s, 'Account', %s, 'CREATE', 1, 'somebody', 'test', %s)""",
        (actor.tenant_id, uuid.uuid4(), moment),
    )
    return f"change_{moment:%Y%m%d}"


def count_changes(owner: psycopg.Connection[Any], actor: Actor) -> int:
    [(count,)] = owner.execute("SELECT count(*) FROM change WHERE tenant_id = %s", (actor.tenant_id,))
    return int(count)


async def test_changes_are_kept_for_the_configured_days(
    database: Database, settings: Settings, owner: psycopg.Connection[Any], actor: Actor
) -> None:
    expired, recent = insert_old_change(owner, actor, 12), insert_old_change(owner, actor, 10)
    report = await apply_retention(database, settings.model_copy(update={"change_retention_days": 11}))
    assert {expired, recent} <= set(report.created_partitions)
    assert expired in report.dropped_partitions
    assert recent not in report.dropped_partitions
    assert count_changes(owner, actor) == 1
    assert (await apply_retention(database, settings)).created_partitions == ()


async def test_idempotency_records_are_kept_for_the_configured_days(
    database: Database, settings: Settings, owner: psycopg.Connection[Any], actor: Actor
) -> None:
    for days in (1, 8):
        owner.execute(
            """INSERT INTO idempotency_record (tenant_id, key, request_hash, payload, created_at)
               VALUES (%s, %s, '', '{}', now() - make_interval(days => %s))""",
            (actor.tenant_id, str(days), days),
        )
    assert (await apply_retention(database, settings)).deleted_idempotency_records == 1
    remaining = owner.execute(
        "SELECT key FROM idempotency_record WHERE tenant_id = %s", (actor.tenant_id,)
    ).fetchall()
    assert remaining == [("1",)]
