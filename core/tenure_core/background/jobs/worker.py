"""The worker: one of procrastinate's, which takes jobs from the queue, those of dead workers too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
import structlog
from procrastinate import App, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job as QueuedJob
from procrastinate.retry import BaseRetryStrategy

from tenure_core.background.jobs.runner import JobRun
from tenure_core.background.jobs.schedule import list_jobs, run_scheduler
from tenure_core.errors import PluginError, TenureError
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database, service_conninfo
from tenure_core.settings import Settings

TASK = "run_job"
"""What the queue calls a job of a plugin; its arguments say which one, and whose."""

POLL_SECONDS = 1.0
SHUTDOWN_SECONDS = 5.0
"""How long jobs that run may take to end when the process is told to stop."""

RETRY_SECONDS = 2.0
MAX_RETRY_SECONDS = 600.0
HEARTBEAT_SECONDS = 4
"""How often a worker gives a sign of life in the time after which it counts as dead."""

TAKE_OVER = """
    UPDATE procrastinate_jobs
    SET status = 'todo', attempts = attempts + 1, scheduled_at = now()
    WHERE status = 'doing' AND NOT EXISTS (
        SELECT FROM procrastinate_workers AS worker
        WHERE worker.id = worker_id AND last_heartbeat > now() - make_interval(secs => %(seconds)s)
    )
"""

log = structlog.get_logger()


class WorkerStoppedError(TenureError):
    """A worker that gave up by itself, because something beside its jobs failed."""


@dataclass(frozen=True, slots=True)
class Backoff(BaseRetryStrategy):
    """Tries a job that failed again and again, each time after twice the pause."""

    first_pause_seconds: float

    def get_retry_decision(self, *, exception: BaseException, job: QueuedJob) -> RetryDecision | None:
        """Return when a job is tried again; one that is unknown here is put into the queue anew by others."""
        if isinstance(exception, PluginError):
            return None
        pause = min(MAX_RETRY_SECONDS, self.first_pause_seconds * 2 ** min(job.attempts, 30))
        return RetryDecision(retry_in={"seconds": pause})


async def run_worker(database: Database, host: Host, settings: Settings) -> None:
    """Do jobs until it is cancelled, whatever becomes of the database meanwhile; then those that run may end.

    Args:
        database: Where the jobs do their work.
        host: The plugins of this process.
        settings: How many at a time, and when a worker counts as dead.
    """
    # What it has to say on lower levels we say ourselves.
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    jobs = list_jobs(host)
    queues = sorted({plugin for plugin, _ in jobs})
    while True:
        try:
            async with _queue(database, host, settings).open_async() as queue, asyncio.TaskGroup() as group:
                group.create_task(_work(queue, settings, queues))
                group.create_task(_retry_stalled_jobs(queue, settings.worker_stalled_seconds))
                group.create_task(run_scheduler(database, jobs))
        except* (TenureError, ConnectorException, psycopg.Error) as failed:
            reason = str(failed.exceptions[0])
            log.warning("the worker failed and will be started again", reason=reason)
        await asyncio.sleep(RETRY_SECONDS)


def _queue(database: Database, host: Host, settings: Settings) -> App:
    seconds = settings.worker_statement_timeout_seconds
    conninfo = service_conninfo(database.url, seconds, search_path="procrastinate")
    queue = App(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=2))

    @queue.task(name=TASK, retry=Backoff(settings.plugin_retry_seconds))
    async def run_job(**arguments: str) -> None:
        await JobRun.of(host, arguments).execute(database, host)

    return queue


async def _work(queue: App, settings: Settings, queues: Sequence[str]) -> None:
    stalled = settings.worker_stalled_seconds
    await queue.run_worker_async(
        queues=queues,
        concurrency=settings.worker_concurrency,
        fetch_job_polling_interval=POLL_SECONDS,
        shutdown_graceful_timeout=SHUTDOWN_SECONDS,
        listen_notify=False,
        delete_jobs="always",
        install_signal_handlers=False,
        update_heartbeat_interval=stalled / HEARTBEAT_SECONDS,
        stalled_worker_timeout=stalled,
    )
    raise WorkerStoppedError("The worker stopped, because it could not give a sign of life.")


async def _retry_stalled_jobs(queue: App, stalled_seconds: float) -> None:
    """Put the jobs of dead workers back into the queue."""
    while True:
        await queue.connector.execute_query_async(TAKE_OVER, seconds=stalled_seconds)
        await asyncio.sleep(stalled_seconds / HEARTBEAT_SECONDS)
