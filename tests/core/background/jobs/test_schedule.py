"""The schedule: when jobs are due, by the clock, and that each is put into the queue once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests.support.background_plugins import Tenant, unique
from tests.support.plugin_factory import plugin

from tenure_core.access.identity import Actor
from tenure_core.background.jobs.schedule import defer, last_due, list_jobs, next_due
from tenure_core.errors import DeclarationError
from tenure_core.plugins.context import Context
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.registrations import Job
from tenure_core.postgres.database import Database

SUNDAY = datetime(2026, 3, 1, 4, 30, 15, 250, tzinfo=UTC)


async def nothing(_: Context) -> None:
    """Do nothing."""


def job(**when: Any) -> Job:
    return Job(name="tidy", doc="Tidy up.", run=nothing, **when)


@pytest.mark.parametrize(
    ("when", "last", "following"),
    [
        ({"cron": "0 4 * * *"}, SUNDAY.replace(minute=0, second=0, microsecond=0), timedelta(days=1)),
        ({"cron": "*/10 * * * *"}, SUNDAY.replace(second=0, microsecond=0), timedelta(minutes=10)),
        ({"every": timedelta(hours=6)}, datetime(2026, 3, 1, tzinfo=UTC), timedelta(hours=6)),
        ({"every": timedelta(seconds=15)}, SUNDAY.replace(microsecond=0), timedelta(seconds=15)),
    ],
)
def test_a_job_is_due_at_moments_that_all_processes_agree_on(
    when: dict[str, Any], last: datetime, following: timedelta
) -> None:
    assert last_due(job(**when), SUNDAY) == last
    assert last_due(job(**when), last) == last
    assert last_due(job(**when), last - timedelta(microseconds=1)) < last
    assert next_due(job(**when), SUNDAY) == last + following


@pytest.mark.parametrize(
    "when", [{}, {"cron": "0 4 * * *", "every": timedelta(1)}, {"every": timedelta(0)}, {"cron": "at four"}]
)
def test_a_job_that_does_not_say_when_is_refused(when: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError, match="The job tidy"):
        job(**when)


@pytest.fixture
def owner(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(
        database_url, autocommit=True, options="-c search_path=procrastinate,public"
    ) as opened:
        yield opened


@pytest.fixture
async def tenant(database: Database, actor: Actor) -> Tenant:
    """A tenant with a plugin that has a job every hour."""
    return await tenant_with(database, actor, job(every=timedelta(hours=1)))


async def tenant_with(database: Database, actor: Actor, *jobs: Job) -> Tenant:
    """Return a tenant with a plugin that has some jobs."""

    @hookimpl
    def register_jobs() -> list[Job]:
        return list(jobs)

    tenant = Tenant(database, actor, plugin(unique(), register_jobs=register_jobs))
    await tenant.enable()
    return tenant


def in_hours(hours: float) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)


def queued(owner: psycopg.Connection[Any], tenant: Tenant) -> list[Any]:
    name = tenant.name
    return owner.execute("SELECT args FROM procrastinate_jobs WHERE queue_name = %s", (name,)).fetchall()


def end(owner: psycopg.Connection[Any], tenant: Tenant) -> None:
    owner.execute("DELETE FROM procrastinate_jobs WHERE queue_name = %s", (tenant.name,))


async def test_a_job_is_put_there_once_whoever_looks(tenant: Tenant, owner: psycopg.Connection[Any]) -> None:
    jobs, now = list_jobs(tenant.host), in_hours(1)
    await asyncio.gather(*(defer(tenant.database, jobs, now) for _ in range(8)))
    due_at = now.replace(minute=0, second=0, microsecond=0)
    assert queued(owner, tenant) == [
        (
            {
                "tenant_id": str(tenant.id),
                "plugin": tenant.name,
                "job": "tidy",
                "due_at": due_at.isoformat(),
            },
        )
    ]


async def test_a_job_that_is_done_every_so_often_is_due_when_it_is_enabled(
    tenant: Tenant, owner: psycopg.Connection[Any]
) -> None:
    await defer(tenant.database, list_jobs(tenant.host), in_hours(0))
    assert len(queued(owner, tenant)) == 1


async def test_a_time_before_it_was_enabled_is_not_made_up(
    database: Database, actor: Actor, owner: psycopg.Connection[Any]
) -> None:
    tenant = await tenant_with(database, actor, job(cron="0 4 * * *"))
    await defer(database, list_jobs(tenant.host), in_hours(0))
    assert queued(owner, tenant) == []
    await defer(database, list_jobs(tenant.host), in_hours(24))
    assert len(queued(owner, tenant)) == 1


async def test_after_a_week_it_is_put_there_once(tenant: Tenant, owner: psycopg.Connection[Any]) -> None:
    for hours in (7 * 24, 7 * 24 + 0.01):
        await defer(tenant.database, list_jobs(tenant.host), in_hours(hours))
    assert len(queued(owner, tenant)) == 1


async def test_while_it_waits_or_runs_it_is_not_put_there_again(
    tenant: Tenant, owner: psycopg.Connection[Any]
) -> None:
    jobs = list_jobs(tenant.host)
    await defer(tenant.database, jobs, in_hours(1))
    await defer(tenant.database, jobs, in_hours(2))
    owner.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    await defer(tenant.database, jobs, in_hours(3))
    assert len(queued(owner, tenant)) == 1
    end(owner, tenant)
    await defer(tenant.database, jobs, in_hours(3))
    assert len(queued(owner, tenant)) == 1


async def test_who_has_disabled_it_gets_no_job(tenant: Tenant, owner: psycopg.Connection[Any]) -> None:
    await tenant.enable(False)
    await defer(tenant.database, list_jobs(tenant.host), in_hours(1))
    assert queued(owner, tenant) == []


async def test_a_job_that_a_new_version_brings_is_due_from_when_it_is_seen(
    tenant: Tenant, owner: psycopg.Connection[Any]
) -> None:
    owner.execute("DELETE FROM plugin_job WHERE tenant_id = %s", (tenant.id,))
    await defer(tenant.database, list_jobs(tenant.host), in_hours(0))
    assert queued(owner, tenant) == []
    await defer(tenant.database, list_jobs(tenant.host), in_hours(1))
    assert len(queued(owner, tenant)) == 1
