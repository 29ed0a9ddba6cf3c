"""The schedule: when jobs are due, and the queue that they are put into then."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from tenure_core.background.jobs.cron import last_time, next_time
from tenure_core.plugins.host import Host
from tenure_core.plugins.registrations import Job
from tenure_core.postgres.database import Database

POLL_SECONDS = 5.0
"""Within them it is seen that a tenant has enabled a plugin, or that a job which took long has ended."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DEFER = "SELECT tenure_defer_jobs(%s, %s, %s)"

Named = tuple[str, Job]
"""A job with the name of its plugin."""


def list_jobs(host: Host) -> list[Named]:
    """Return the jobs of all plugins."""
    return [(plugin.name, job) for plugin in host.plugins for job in plugin.jobs]


def last_due(job: Job, now: datetime) -> datetime:
    """Return the last moment at which a job was due, which may be this one."""
    if job.every:
        return EPOCH + (now - EPOCH) // job.every * job.every
    return last_time(str(job.cron), now)


def next_due(job: Job, now: datetime) -> datetime:
    """Return the next moment at which a job is due, after this one."""
    if job.every:
        return last_due(job, now) + job.every
    return next_time(str(job.cron), now)


async def run_scheduler(database: Database, jobs: Sequence[Named]) -> None:
    """Put jobs into the queue when they are due, for each tenant that has their plugin enabled.

    What was due while nobody looked is put there once.

    Raises:
        TenureError: The database can't.
    """
    while True:
        now = datetime.now(UTC)
        await defer(database, jobs, now)
        await asyncio.sleep(_pause((job for _, job in jobs), now))


async def defer(database: Database, jobs: Sequence[Named], now: datetime) -> None:
    """Put the jobs into the queue that have been due and not done by a moment.

    Raises:
        TenureError: The database can't.
    """
    due = ((plugin, job.name, last_due(job, now)) for plugin, job in jobs)
    plugins, names, moments = zip(*due, strict=True)
    async with database.shared_connection() as connection:
        await connection.execute(DEFER, (list(plugins), list(names), list(moments)))


def _pause(jobs: Iterable[Job], now: datetime) -> float:
    first = min(next_due(job, now) for job in jobs)
    left = (first - datetime.now(UTC)).total_seconds()
    return min(max(left, 0.0), POLL_SECONDS)
