"""Runs the dispatcher of change listeners and the job worker while a process is running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

from tenure_core.background.change_listeners.dispatcher import Dispatcher
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database
from tenure_core.postgres.tasks import run_task
from tenure_core.settings import Settings

START_DELAY_SECONDS = 0.3
"""Requests that were sent during startup are answered before background work starts."""

RESTART_DELAY_SECONDS = 2.0

log = structlog.get_logger()


@asynccontextmanager
async def run_background(database: Database, host: Host, settings: Settings) -> AsyncIterator[None]:
    """Deliver changes to change listeners and run jobs while the context is open.

    Background work uses a connection pool of its own, so that requests do not wait for it.

    Args:
        database: The database of the service. Its notifications wake the dispatcher.
        host: The plugins of this process.
        settings: The number of parallel jobs and batches, timeouts and retry pauses.
    """
    async with run_task(_keep_running(database, host, settings)):
        yield


async def _keep_running(served: Database, host: Host, settings: Settings) -> None:
    await asyncio.sleep(START_DELAY_SECONDS)
    while True:
        try:
            await _run(served, host, settings)
        except Exception as error:
            log.warning("background work failed and will be restarted", exc_info=error)
        await asyncio.sleep(RESTART_DELAY_SECONDS)


async def _run(served: Database, host: Host, settings: Settings) -> None:
    async with Database(served.url, _adapt_settings(settings)) as database, asyncio.TaskGroup() as group:
        group.create_task(Dispatcher(database, host, settings).run(served.change_notifier))
        run_worker = await asyncio.to_thread(_import_worker)
        group.create_task(run_worker(database, host, settings))


def _adapt_settings(settings: Settings) -> Settings:
    """Return the settings of the background pool: a connection for each parallel job and batch."""
    changes = {
        "pool_size": 2 * settings.worker_concurrency + 2,
        "statement_timeout_seconds": settings.worker_statement_timeout_seconds,
    }
    return settings.model_copy(update=changes)


def _import_worker() -> Callable[[Database, Host, Settings], Coroutine[Any, Any, None]]:
    """Import the worker in a thread: procrastinate is slow to import, and would block requests."""
    from tenure_core.background.jobs.worker import run_worker

    return run_worker
