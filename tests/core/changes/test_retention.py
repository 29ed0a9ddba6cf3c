"""Maintenance is done while the service runs, whatever comes in between, and by the command."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tenure_core.access.identity import Actor
from tenure_core.changes import retention
from tenure_core.changes.retention import apply_retention, run_retention
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings


@pytest.fixture
def owner(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def old_change(owner: psycopg.Connection[Any], actor: Actor, days: int) -> str:
    """Make a change as if it had been captured some days ago, and return its partition."""
    moment = datetime.now(UTC) - timedelta(days=days)
    owner.execute(
        """INSERT INTO change (tenant_id, entity, record_id, operation, version, actor, origin, occurred_at)
           VALUES (%s, 'Account', %s, 'CREATE', 1, 'somebody', 'test', %s)""",
        (actor.tenant_id, uuid.uuid4(), moment),
    )
    return f"change_{moment:%Y%m%d}"


def changes(owner: psycopg.Connection[Any], actor: Actor) -> int:
    [(count,)] = owner.execute("SELECT count(*) FROM change WHERE tenant_id = %s", (actor.tenant_id,))
    return int(count)


async def test_changes_are_kept_for_the_days_of_the_setting(
    database: Database, settings: Settings, owner: psycopg.Connection[Any], actor: Actor
) -> None:
    old, young = old_change(owner, actor, 12), old_change(owner, actor, 10)
    done = await apply_retention(database, settings.model_copy(update={"change_retention_days": 11}))
    assert {old, young} <= set(done.made)
    assert old in done.dropped
    assert young not in done.dropped
    assert changes(owner, actor) == 1
    assert (await apply_retention(database, settings)).made == ()


async def test_receipts_are_kept_for_the_days_of_the_setting(
    database: Database, settings: Settings, owner: psycopg.Connection[Any], actor: Actor
) -> None:
    for days in (1, 8):
        owner.execute(
            """INSERT INTO receipt (tenant_id, key, request_hash, payload, created_at)
               VALUES (%s, %s, '', '{}', now() - make_interval(days => %s))""",
            (actor.tenant_id, str(days), days),
        )
    assert (await apply_retention(database, settings)).receipts == 1
    left = owner.execute("SELECT key FROM receipt WHERE tenant_id = %s", (actor.tenant_id,)).fetchall()
    assert left == [("1",)]


async def test_it_is_tried_again_where_others_were_in_the_way(
    database: Database,
    settings: Settings,
    owner: psycopg.Connection[Any],
    actor: Actor,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "SECONDS_AFTER_FAILURE", 0.05)
    old_change(owner, actor, 99)
    async with await psycopg.AsyncConnection.connect(database_url) as reader:
        await reader.execute("SELECT FROM change LIMIT 1")
        async with run_retention(database, settings):
            await asyncio.sleep(1.5)
            assert changes(owner, actor) == 1
            await reader.rollback()
            for _ in range(200):
                await asyncio.sleep(0.05 if changes(owner, actor) else 0)
    assert changes(owner, actor) == 0
