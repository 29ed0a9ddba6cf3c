"""Jobs are due at times that depend only on the clock, and each is queued once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests.support.background_plugins import Tenant, unique_name
from tests.support.plugin_factory import plugin

from tenure_core.access.identity import Actor
from tenure_core.background.jobs.schedule import defer_jobs, last_due, list_jobs, next_due
from tenure_core.errors import DeclarationError
from tenure_core.plugins.context import Context
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.registrations import Job
from tenure_core.postgres.database import Database

SUNDAY = datetime(2026, 3, 1, 4, 30, 15, 250, tzinfo=UTC)


async def do_nothing(_: Context) -> None:
    """Do nothing."""


def job(**when: Any) -> Job:
    return Job(name="tidy", doc="Tidy up.", run=do_nothing, **when)


@pytest.mark.parametrize(
    ("when", "last", "following"),
    [
        ({"cron": "0 4 * * *"}, SUNDAY.replace(minute=0, second=0, microsecond=0), timedelta(days=1)),
        ({"cron": "*/10 * * * *"}, SUNDAY.replace(second=0, microsecond=0), timedelta(minutes=10)),
        ({"every": timedelta(hours=6)}, datetime(2026, 3, 1, tzinfo=UTC), timedelta(hours=6)),
        ({"every": timedelta(seconds=15)}, SUNDAY.replace(microsecond=0), timedelta(seconds=15)),
    ],
)
def test_due_times_do_not_depend_on_the_process(
    when: dict[str, Any], last: datetime, following: timedelta
) -> None:
    assert last_due(job(**when), SUNDAY) == last
    assert last_due(job(**when), last) == last
    assert last_due(job(**when), last - timedelta(microseconds=1)) < last
    assert next_due(job(**when), SUNDAY) == last + following


@pytest.mark.parametrize(
    "when", [{}, {"cron": "0 4 * * *", "every": timedelta(1)}, {"every": timedelta(0)}, {"cron": "at four"}]
)
def test_an_invalid_schedule_is_rejected(when: dict[str, Any]) -> None:
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
    """A tenant that has enabled a plugin with an hourly job."""
    return await tenant_with(database, actor, job(every=timedelta(hours=1)))


async def tenant_with(database: Database, actor: Actor, *jobs: Job) -> Tenant:
    """Return a tenant that has enabled a plugin with the given jobs."""

    @hookimpl
    def register_jobs() -> list[Job]:
        return list(jobs)

    tenant = Tenant(database, actor, plugin(unique_name(), register_jobs=register_jobs))
    await tenant.enable()
    return tenant


def in_hours(hours: float) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)


def list_queued(owner: psycopg.Connection[Any], tenant: Tenant) -> list[Any]:
    name = tenant.name
    return owner.execute("SELECT args FROM procrastinate_jobs WHERE queue_name = %s", (name,)).fetchall()


def delete_queued(owner: psycopg.Connection[Any], tenant: Tenant) -> None:
    owner.execute("DELETE FROM procrastinate_jobs WHERE queue_name = %s", (tenant.name,))


async def test_concurrent_schedulers_queue_a_job_once(tenant: Tenant, owner: psycopg.Connection[Any]) -> None:
    jobs, now = list_jobs(tenant.host, Job), in_hours(1)
    await asyncio.gather(*(defer_jobs(tenant.database, jobs, now) for _ in range(8)))
    due_at = now.replace(minute=0, second=0, microsecond=0)
    assert list_queued(owner, tenant) == [
        (
            {
                "tenant_id": str(tenant.id),
                "plugin": tenant.name,
                "job": "tidy",
                "due_at": due_at.isoformat(),
            },
        )
    ]


async def test_a_job_with_an_interval_is_due_when_its_plugin_is_enabled(
    tenant: Tenant, owner: psycopg.Connection[Any]
) -> None:
    await defer_jobs(tenant.database, list_jobs(tenant.host, Job), in_hours(0))
    assert len(list_queued(owner, tenant)) == 1


async def test_a_cron_time_before_the_plugin_was_enabled_is_skipped(
    database: Database, actor: Actor, owner: psycopg.Connection[Any]
) -> None:
    tenant = await tenant_with(database, actor, job(cron="0 4 * * *"))
    await defer_jobs(database, list_jobs(tenant.host, Job), in_hours(0))
    assert list_queued(owner, tenant) == []
    await defer_jobs(database, list_jobs(tenant.host, Job), in_hours(24))
    assert len(list_queued(owner, tenant)) == 1


async def test_a_job_that_was_due_several_times_is_queued_once(
    tenant: Tenant, owner: psycopg.Connection[Any]
) -> None:
    for hours in (7 * 24, 7 * 24 + 0.01):
        await defer_jobs(tenant.database, list_jobs(tenant.host, Job), in_hours(hours))
    assert len(list_queued(owner, tenant)) == 1


async def test_a_queued_or_running_job_is_not_queued_again(
    tenant: Tenant, owner: psycopg.Connection[Any]
) -> None:
    jobs = list_jobs(tenant.host, Job)
    await defer_jobs(tenant.database, jobs, in_hours(1))
    await defer_jobs(tenant.database, jobs, in_hours(2))
    owner.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    await defer_jobs(tenant.database, jobs, in_hours(3))
    assert len(list_queued(owner, tenant)) == 1
    delete_queued(owner, tenant)
    await defer_jobs(tenant.database, jobs, in_hours(3))
    assert len(list_queued(owner, tenant)) == 1


async def test_no_job_is_queued_for_a_tenant_that_disabled_the_plugin(
    tenant: Tenant, owner: psycopg.Connection[Any]
) -> None:
    await tenant.enable(False)
    await defer_jobs(tenant.database, list_jobs(tenant.host, Job), in_hours(1))
    assert list_queued(owner, tenant) == []


async def test_a_job_of_a_new_version_is_due_from_its_first_scheduling(
    tenant: Tenant, owner: psycopg.Connection[Any]
) -> None:
    owner.execute("DELETE FROM plugin_job WHERE tenant_id = %s", (tenant.id,))
    await defer_jobs(tenant.database, list_jobs(tenant.host, Job), in_hours(0))
    assert list_queued(owner, tenant) == []
    await defer_jobs(tenant.database, list_jobs(tenant.host, Job), in_hours(1))
    assert len(list_queued(owner, tenant)) == 1
