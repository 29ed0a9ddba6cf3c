"""The worker, with procrastinate's real queue: what is due is done, and taken over from the dead."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
from tests.support.background_plugins import Tenant, killed, quick, unique, until, until_so
from tests.support.plugin_factory import plugin

from tenure_core.access.identity import Actor
from tenure_core.background.jobs import worker
from tenure_core.background.jobs.schedule import defer
from tenure_core.background.runtime import run_background
from tenure_core.entities.model import Account
from tenure_core.plugins.context import Context
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.registrations import Job
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings

Work = Callable[[Context], Awaitable[None]]


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(worker, "RETRY_SECONDS", 0.1)


async def enabled(database: Database, actor: Actor, work: Work, name: str, seconds: float = 0.2) -> Tenant:
    """Return a tenant with a plugin that has a job."""

    @hookimpl
    def register_jobs() -> list[Job]:
        return [Job(name="tidy", doc="Tidy up.", run=work, every=timedelta(seconds=seconds))]

    tenant = Tenant(database, actor, plugin(name, register_jobs=register_jobs))
    await tenant.enable()
    return tenant


async def test_a_job_is_done_again_and_again(database: Database, actor: Actor, settings: Settings) -> None:
    moments: list[float] = []

    async def note(_: Context) -> None:
        moments.append(time.monotonic())

    tenant = await enabled(database, actor, note, unique())
    async with run_background(database, tenant.host, quick(settings)):
        await until(lambda: len(moments) >= 4)
    assert all(later - earlier > 0.02 for earlier, later in pairwise(moments))
    count = len(moments)
    await asyncio.sleep(0.3)
    assert len(moments) == count, "it went on after the end"


async def test_two_processes_do_it_once_at_a_time(
    database: Database, actor: Actor, settings: Settings
) -> None:
    running, most, done = 0, 0, 0

    async def work(_: Context) -> None:
        nonlocal running, most, done
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.1)
        running, done = running - 1, done + 1

    tenant = await enabled(database, actor, work, unique(), 0.05)
    other = run_background(database, tenant.host, quick(settings))
    async with run_background(database, tenant.host, quick(settings)), other:
        await until(lambda: done >= 4)
    assert most == 1


async def test_one_that_raises_is_tried_again(database: Database, actor: Actor, settings: Settings) -> None:
    failures, done = [ValueError("no")] * 3, False

    async def fail(_: Context) -> None:
        nonlocal done
        if failures:
            raise failures.pop()
        done = True

    tenant = await enabled(database, actor, fail, unique(), 1.0)
    async with run_background(database, tenant.host, quick(settings)):
        await until(lambda: done)
        await until_so(lambda: is_well(tenant))


async def is_well(tenant: Tenant) -> bool:
    return not await tenant.writer.read("problem", "problem IS NOT NULL", "plugin_job")


async def test_the_job_of_a_worker_that_was_killed_is_taken_over_within_seconds(
    database: Database, database_url: str, actor: Actor, settings: Settings
) -> None:
    name, done = unique(), False

    async def finish(context: Context) -> None:
        nonlocal done
        await context.write.create(Account, [{"name": "written by one who lives"}])
        done = True

    tenant = await enabled(database, actor, finish, name, 3600.0)
    await tenant.writer.select("UPDATE plugin_job SET done_at = '2020-01-01' RETURNING 1")
    await killed(database_url, name, "register_jobs")
    with psycopg.connect(database_url, options="-c search_path=procrastinate") as owner:
        left = "SELECT status FROM procrastinate_jobs WHERE queue_name = %s"
        assert owner.execute(left, (name,)).fetchall() == [("doing",)]
    begun = time.monotonic()
    async with run_background(database, tenant.host, quick(settings)):
        await until(lambda: done)
    assert time.monotonic() - begun < 8
    assert await tenant.writer.read("name") == [("written by one who lives",)]


async def test_a_job_that_is_unknown_here_is_left_to_others(
    database: Database, database_url: str, actor: Actor, settings: Settings
) -> None:
    """A version that comes later brings it, and has it put into the queue anew as long as it is due."""

    async def work(_: Context) -> None:
        """Do nothing."""

    tenant = await enabled(database, actor, work, unique(), 3600.0)
    later = Job(name="sweep", doc="Sweep.", run=work, every=timedelta(hours=1))
    await defer(database, [(tenant.name, later)], datetime.now(UTC))
    await tenant.writer.select("UPDATE plugin_job SET done_at = '2020-01-01' RETURNING 1")
    await defer(database, [(tenant.name, later)], datetime.now(UTC))
    with psycopg.connect(database_url, autocommit=True, options="-c search_path=procrastinate") as owner:
        left = "SELECT args->>'job' FROM procrastinate_jobs WHERE queue_name = %s"
        assert owner.execute(left, (tenant.name,)).fetchall() == [("sweep",)]
        async with run_background(database, tenant.host, quick(settings)):
            await until(lambda: not owner.execute(left, (tenant.name,)).fetchall())


async def test_a_job_that_runs_may_end_when_the_process_is_told_to_stop(
    database: Database, actor: Actor, settings: Settings
) -> None:
    begun = asyncio.Event()

    async def slowly(context: Context) -> None:
        begun.set()
        await asyncio.sleep(0.5)
        await context.write.create(Account, [{"name": "to the end"}])

    tenant = await enabled(database, actor, slowly, unique(), 0.2)
    async with run_background(database, tenant.host, quick(settings)):
        await asyncio.wait_for(begun.wait(), 20)
    assert await tenant.writer.read("name") == [("to the end",)]


async def test_it_goes_on_after_the_database_was_away(
    database: Database, database_url: str, actor: Actor, settings: Settings
) -> None:
    count = 0

    async def work(_: Context) -> None:
        nonlocal count
        count += 1

    tenant = await enabled(database, actor, work, unique(), 0.1)
    async with run_background(database, tenant.host, quick(settings)):
        await until(lambda: count >= 1)
        with psycopg.connect(database_url, autocommit=True) as killer:
            killer.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()
                   AND query LIKE '%procrastinate%'"""
            )
        before = count
        await until(lambda: count >= before + 2)
