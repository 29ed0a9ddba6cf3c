"""The retention job is a job of a built-in plugin: it runs hourly, once per database, and is retried."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests.support.background_plugins import fast_settings, wait_until

from tenure_core.background import retention_plugin
from tenure_core.background.jobs import worker
from tenure_core.background.runtime import run_background
from tenure_core.changes.retention import RetentionReport
from tenure_core.plugins.host import core_host
from tenure_core.plugins.registrations import DatabaseJob
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.05)


@pytest.fixture
async def database(migrated_database_url: str, settings: Settings) -> Any:
    """A database in which the job has never run."""
    async with Database(migrated_database_url, settings) as opened:
        yield opened


@pytest.fixture
def owner(migrated_database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(migrated_database_url, autocommit=True) as connection:
        yield connection


def test_the_job_is_registered_with_the_hook_of_plugins() -> None:
    [plugin] = [plugin for plugin in core_host().built_in if plugin.hooks.module is retention_plugin]
    assert plugin.hooks.implements("register_jobs")
    [job] = plugin.registrations(DatabaseJob)
    assert (job.name, job.every) == ("apply_retention", timedelta(hours=1))


async def test_several_workers_run_the_job_once(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = 0

    async def count(*_: object) -> RetentionReport:
        nonlocal runs
        runs += 1
        return RetentionReport((), (), 0)

    monkeypatch.setattr(retention_plugin, "apply_retention", count)
    workers = [run_background(database, core_host(), fast_settings(settings)) for _ in range(3)]
    async with workers[0], workers[1], workers[2]:
        await wait_until(lambda: runs)
        await asyncio.sleep(1.0)
    assert runs == 1


async def test_expired_changes_are_deleted_after_a_failure(
    database: Database, settings: Settings, owner: psycopg.Connection[Any], migrated_database_url: str
) -> None:
    """A reader blocks the change table until the first attempt has failed."""
    insert_expired_change(owner)
    async with await psycopg.AsyncConnection.connect(migrated_database_url) as reader:
        await reader.execute("SELECT FROM change LIMIT 1")
        async with run_background(database, core_host(), fast_settings(settings)):
            await wait_until(lambda: count_attempts(owner) > 0)
            assert count_changes(owner) == 1
            await reader.rollback()
            await wait_until(lambda: count_changes(owner) == 0)


def insert_expired_change(owner: psycopg.Connection[Any]) -> None:
    owner.execute(
        """INSERT INTO change (tenant_id, entity, record_id, operation, version, actor, origin, occurred_at)
           VALUES (%s, 'Account', %s, 'CREATE', 1, 'somebody', 'test', %s)""",
        (uuid.uuid4(), uuid.uuid4(), datetime.now(UTC) - timedelta(days=99)),
    )


def count_changes(owner: psycopg.Connection[Any]) -> int:
    [(count,)] = owner.execute("SELECT count(*) FROM change").fetchall()
    return int(count)


def count_attempts(owner: psycopg.Connection[Any]) -> int:
    [(attempts,)] = owner.execute("SELECT coalesce(max(attempts), 0) FROM procrastinate.procrastinate_jobs")
    return int(attempts)
