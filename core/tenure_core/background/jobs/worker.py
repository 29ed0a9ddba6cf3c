"""The worker: a procrastinate worker that runs queued jobs, and takes over the jobs of dead workers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
import structlog
from procrastinate import App, PsycopgConnector, RetryDecision
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job as QueuedJob
from procrastinate.retry import BaseRetryStrategy

from tenure_core.background.jobs.runner import JobRun, run_database_job
from tenure_core.background.jobs.schedule import defer_jobs, last_due, list_jobs, seconds_until_next_poll
from tenure_core.errors import PluginError, TenureError
from tenure_core.plugins.administration.enablement import enable_for_all_tenants
from tenure_core.plugins.host import Host
from tenure_core.plugins.registrations import DatabaseJob, Job, ScheduledJob
from tenure_core.postgres.database import Database, build_service_conninfo
from tenure_core.settings import Settings

TENANT_TASK = "run_job"
"""The procrastinate task that runs a `Job`; the SQL function `tenure_defer_jobs` queues it."""

DATABASE_TASK = "run_database_job"
"""The procrastinate task that runs a `DatabaseJob`."""

POLL_SECONDS = 1.0
SHUTDOWN_SECONDS = 5.0
"""The time that running jobs have to end when the process stops."""

RETRY_SECONDS = 2.0
MAX_RETRY_SECONDS = 600.0
HEARTBEATS_PER_STALL = 4
"""The number of heartbeats that a worker sends in the time after which it is considered dead."""

RETRY_STALLED_JOBS = """
    UPDATE procrastinate_jobs
    SET status = 'todo', attempts = attempts + 1, scheduled_at = now()
    WHERE status = 'doing' AND NOT EXISTS (
        SELECT FROM procrastinate_workers AS worker
        WHERE worker.id = worker_id AND last_heartbeat > now() - make_interval(secs => %(seconds)s)
    )
"""

log = structlog.get_logger()


class WorkerStoppedError(TenureError):
    """The procrastinate worker stopped because its heartbeat failed."""


@dataclass(frozen=True, slots=True)
class Backoff(BaseRetryStrategy):
    """Retries a failed job without limit, with a pause that doubles each time."""

    first_pause_seconds: float

    def get_retry_decision(self, *, exception: BaseException, job: QueuedJob) -> RetryDecision | None:
        """Return when to retry a job; None for a job that is unknown here: the scheduler queues it again."""
        if isinstance(exception, PluginError):
            return None
        pause = min(MAX_RETRY_SECONDS, self.first_pause_seconds * 2 ** min(job.attempts, 30))
        return RetryDecision(retry_in={"seconds": pause})


async def run_worker(database: Database, host: Host, settings: Settings) -> None:
    """Schedule and run jobs until cancelled; it restarts after a database failure.

    Args:
        database: The database.
        host: The plugins of this process.
        settings: The number of parallel jobs, and the time after which a worker is considered dead.
    """
    # Failed jobs and restarts are logged by this package.
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    queues = sorted({plugin for plugin, _ in list_jobs(host, ScheduledJob)})
    while True:
        try:
            app = _create_queue(database, host, settings)
            async with app.open_async() as queue, asyncio.TaskGroup() as group:
                group.create_task(_run_queued_jobs(queue, settings, queues))
                group.create_task(_retry_stalled_jobs(queue, settings.worker_stalled_seconds))
                group.create_task(_run_scheduler(database, queue, host))
        except* (TenureError, ConnectorException, psycopg.Error) as failed:
            log.warning("worker failed and will be restarted", reason=str(failed.exceptions[0]))
        await asyncio.sleep(RETRY_SECONDS)


def _create_queue(database: Database, host: Host, settings: Settings) -> App:
    seconds = settings.worker_statement_timeout_seconds
    conninfo = build_service_conninfo(database.url, seconds, search_path="procrastinate")
    queue = App(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=2))
    backoff = Backoff(settings.plugin_retry_seconds)

    @queue.task(name=TENANT_TASK, retry=backoff)
    async def run_job(**arguments: str) -> None:
        await JobRun.from_arguments(host, arguments).execute(database, host)

    @queue.task(name=DATABASE_TASK, retry=backoff)
    async def run_job_of_database(plugin: str, job: str, **_: int) -> None:
        await run_database_job(database, host, settings, plugin, job)

    return queue


async def _run_queued_jobs(queue: App, settings: Settings, queues: Sequence[str]) -> None:
    stalled = settings.worker_stalled_seconds
    await queue.run_worker_async(
        queues=queues,
        concurrency=settings.worker_concurrency,
        fetch_job_polling_interval=POLL_SECONDS,
        shutdown_graceful_timeout=SHUTDOWN_SECONDS,
        listen_notify=False,
        delete_jobs="always",
        install_signal_handlers=False,
        update_heartbeat_interval=stalled / HEARTBEATS_PER_STALL,
        stalled_worker_timeout=stalled,
    )
    raise WorkerStoppedError("The worker stopped because its heartbeat failed.")


async def _retry_stalled_jobs(queue: App, stalled_seconds: float) -> None:
    """Put the jobs of dead workers back into the queue."""
    while True:
        await queue.connector.execute_query_async(RETRY_STALLED_JOBS, seconds=stalled_seconds)
        await asyncio.sleep(stalled_seconds / HEARTBEATS_PER_STALL)


async def _run_scheduler(database: Database, queue: App, host: Host) -> None:
    """Put jobs into the queue when they are due."""
    jobs, database_jobs = list_jobs(host, Job), list_jobs(host, DatabaseJob)
    built_in = [plugin.name for plugin in host.built_in if plugin.registrations(Job)]
    while True:
        now = datetime.now(UTC)
        await enable_for_all_tenants(database, built_in)
        await defer_jobs(database, jobs, now)
        await defer_database_jobs(queue, database_jobs, now)
        await asyncio.sleep(seconds_until_next_poll((job for _, job in (*jobs, *database_jobs)), now))


async def defer_database_jobs(queue: App, jobs: Sequence[tuple[str, DatabaseJob]], now: datetime) -> None:
    """Put due jobs into the queue. Procrastinate records each due time, so that it is queued only once.

    Args:
        queue: The queue.
        jobs: The jobs, each with the name of its plugin.
        now: The current time.
    """
    for plugin, job in jobs:
        lock = f"{plugin}.{job.name}"
        due_at = round(last_due(job, now).timestamp() * 1000)
        arguments = {"plugin": plugin, "job": job.name, "timestamp": due_at}
        task = queue.configure_task(
            DATABASE_TASK, queue=plugin, lock=lock, queueing_lock=lock, task_kwargs=arguments
        )
        # A retry of the previous run can still be waiting in the queue.
        with suppress(AlreadyEnqueued):
            await queue.job_manager.defer_periodic_job(task.job, periodic_id=lock, defer_timestamp=due_at)
