"""The worker runs due jobs from the procrastinate queue, and takes over the jobs of dead workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
from tests.support.background_plugins import (
    Tenant,
    fast_settings,
    run_killed_worker,
    unique_name,
    wait_until,
    wait_until_async,
)
from tests.support.plugin_factory import plugin

from tenure_core.access.identity import Actor
from tenure_core.background.jobs import worker
from tenure_core.background.jobs.schedule import defer_jobs
from tenure_core.background.runtime import run_background
from tenure_core.entities.model import Account
from tenure_core.plugins.context import Context
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.registrations import Job
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings

Work = Callable[[Context], Awaitable[None]]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(worker, "RETRY_SECONDS", 0.1)


async def tenant_with_job(
    database: Database, actor: Actor, work: Work, name: str, seconds: float = 0.2
) -> Tenant:
    """Return a tenant that has enabled a plugin with a job."""

    @hookimpl
    def register_jobs() -> list[Job]:
        return [Job(name="tidy", doc="Tidy up.", run=work, every=timedelta(seconds=seconds))]

    tenant = Tenant(database, actor, plugin(name, register_jobs=register_jobs))
    await tenant.enable()
    return tenant


async def test_a_job_runs_at_each_due_time(database: Database, actor: Actor, settings: Settings) -> None:
    times: list[float] = []

    async def note(_: Context) -> None:
        times.append(time.monotonic())

    tenant = await tenant_with_job(database, actor, note, unique_name())
    async with run_background(database, tenant.host, fast_settings(settings)):
        await wait_until(lambda: len(times) >= 4)
    assert all(later - earlier > 0.02 for earlier, later in pairwise(times))
    count = len(times)
    await asyncio.sleep(0.3)
    assert len(times) == count, "the job ran after the end"


async def test_two_processes_do_not_run_a_job_at_the_same_time(
    database: Database, actor: Actor, settings: Settings
) -> None:
    running, maximum, completed = 0, 0, 0

    async def work(_: Context) -> None:
        nonlocal running, maximum, completed
        running, maximum = running + 1, max(maximum, running + 1)
        await asyncio.sleep(0.1)
        running, completed = running - 1, completed + 1

    tenant = await tenant_with_job(database, actor, work, unique_name(), 0.05)
    other = run_background(database, tenant.host, fast_settings(settings))
    async with run_background(database, tenant.host, fast_settings(settings)), other:
        await wait_until(lambda: completed >= 4)
    assert maximum == 1


async def test_a_failed_job_is_retried(database: Database, actor: Actor, settings: Settings) -> None:
    failures, done = [ValueError("no")] * 3, False

    async def fail(_: Context) -> None:
        nonlocal done
        if failures:
            raise failures.pop()
        done = True

    tenant = await tenant_with_job(database, actor, fail, unique_name(), 1.0)
    async with run_background(database, tenant.host, fast_settings(settings)):
        await wait_until(lambda: done)
        await wait_until_async(lambda: has_no_problem(tenant))


async def has_no_problem(tenant: Tenant) -> bool:
    return not await tenant.writer.read("last_error", "last_error IS NOT NULL", "plugin_job")


async def test_the_job_of_a_worker_that_was_killed_is_taken_over_within_seconds(
    database: Database, database_url: str, actor: Actor, settings: Settings
) -> None:
    name, done = unique_name(), False

    async def finish(context: Context) -> None:
        nonlocal done
        await context.write.create(Account, [{"name": "written by a live worker"}])
        done = True

    tenant = await tenant_with_job(database, actor, finish, name, 3600.0)
    await tenant.writer.select("UPDATE plugin_job SET completed_at = '2020-01-01' RETURNING 1")
    await run_killed_worker(database_url, name, "register_jobs")
    with psycopg.connect(database_url, options="-c search_path=procrastinate") as owner:
        query = "SELECT status FROM procrastinate_jobs WHERE queue_name = %s"
        assert owner.execute(query, (name,)).fetchall() == [("doing",)]
    start = time.monotonic()
    async with run_background(database, tenant.host, fast_settings(settings)):
        await wait_until(lambda: done)
    assert time.monotonic() - start < 8
    assert await tenant.writer.read("name") == [("written by a live worker",)]


async def test_an_unknown_job_is_removed_from_the_queue(
    database: Database, database_url: str, actor: Actor, settings: Settings
) -> None:
    """The scheduler of a worker with another version of the plugin queues it again."""

    async def work(_: Context) -> None:
        """Do nothing."""

    tenant = await tenant_with_job(database, actor, work, unique_name(), 3600.0)
    later = Job(name="sweep", doc="Sweep.", run=work, every=timedelta(hours=1))
    await defer_jobs(database, [(tenant.name, later)], datetime.now(UTC))
    await tenant.writer.select("UPDATE plugin_job SET completed_at = '2020-01-01' RETURNING 1")
    await defer_jobs(database, [(tenant.name, later)], datetime.now(UTC))
    with psycopg.connect(database_url, autocommit=True, options="-c search_path=procrastinate") as owner:
        query = "SELECT args->>'job' FROM procrastinate_jobs WHERE queue_name = %s"
        assert owner.execute(query, (tenant.name,)).fetchall() == [("sweep",)]
        async with run_background(database, tenant.host, fast_settings(settings)):
            await wait_until(lambda: not owner.execute(query, (tenant.name,)).fetchall())


async def test_a_running_job_ends_before_the_process_stops(
    database: Database, actor: Actor, settings: Settings
) -> None:
    started = asyncio.Event()

    async def slowly(context: Context) -> None:
        started.set()
        await asyncio.sleep(0.5)
        await context.write.create(Account, [{"name": "completed"}])

    tenant = await tenant_with_job(database, actor, slowly, unique_name(), 0.2)
    async with run_background(database, tenant.host, fast_settings(settings)):
        await asyncio.wait_for(started.wait(), 20)
    assert await tenant.writer.read("name") == [("completed",)]


async def test_the_worker_continues_after_a_database_failure(
    database: Database, database_url: str, actor: Actor, settings: Settings
) -> None:
    count = 0

    async def work(_: Context) -> None:
        nonlocal count
        count += 1

    tenant = await tenant_with_job(database, actor, work, unique_name(), 0.1)
    async with run_background(database, tenant.host, fast_settings(settings)):
        await wait_until(lambda: count >= 1)
        with psycopg.connect(database_url, autocommit=True) as killer:
            killer.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()
                   AND query LIKE '%procrastinate%'"""
            )
        before = count
        await wait_until(lambda: count >= before + 2)
