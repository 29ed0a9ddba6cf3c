"""Due times of jobs, and the scheduler that puts due jobs of tenants into the queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from tenure_core.plugins.cron import next_time, previous_time
from tenure_core.plugins.host import Host
from tenure_core.plugins.registrations import Job, ScheduledJob
from tenure_core.postgres.database import Database

POLL_SECONDS = 5.0
"""The delay until the scheduler notices that a tenant enabled a plugin or that a long job ended."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DEFER_JOBS = "SELECT tenure_defer_jobs(%s, %s, %s)"

J = TypeVar("J", bound=ScheduledJob)


def list_jobs(host: Host, job_class: type[J]) -> list[tuple[str, J]]:
    """Return the jobs of a class, of all plugins and built-in plugins, each with the name of its plugin."""
    return [(plugin.name, job) for plugin in host.all_plugins for job in plugin.registrations(job_class)]


def last_due(job: ScheduledJob, now: datetime) -> datetime:
    """Return the last due time at or before a moment."""
    if job.every:
        return EPOCH + (now - EPOCH) // job.every * job.every
    return previous_time(str(job.cron), now)


def next_due(job: ScheduledJob, now: datetime) -> datetime:
    """Return the first due time after a moment."""
    if job.every:
        return last_due(job, now) + job.every
    return next_time(str(job.cron), now)


async def defer_jobs(database: Database, jobs: Sequence[tuple[str, Job]], now: datetime) -> None:
    """Put the due jobs into the queue, for each tenant that has their plugin enabled.

    A job that was due several times since its last run is queued once.

    Args:
        database: The database.
        jobs: The jobs, each with the name of its plugin.
        now: The current time.

    Raises:
        TenureError: The database is unavailable.
    """
    if not jobs:
        return
    due = ((plugin, job.name, last_due(job, now)) for plugin, job in jobs)
    plugins, names, due_times = zip(*due, strict=True)
    async with database.shared_connection() as connection:
        await connection.execute(DEFER_JOBS, (list(plugins), list(names), list(due_times)))


def seconds_until_next_poll(jobs: Iterable[ScheduledJob], now: datetime) -> float:
    """Return the seconds until the next job is due, at most `POLL_SECONDS`."""
    pauses = ((next_due(job, now) - datetime.now(UTC)).total_seconds() for job in jobs)
    return max(0.0, min((POLL_SECONDS, *pauses)))
