"""The background: what plugins do by themselves, while a process serves or works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from tenure_core.background.change_listeners.dispatcher import Dispatcher
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings

START_DELAY_SECONDS = 0.3
"""Clients that wait for the start are answered before anything is done in the background."""

RETRY_SECONDS = 2.0

log = structlog.get_logger()


@asynccontextmanager
async def run_background(database: Database, host: Host, settings: Settings) -> AsyncIterator[None]:
    """Deliver changes to plugins and do their jobs, while the context is open.

    Where no plugin wants any of this, nothing is started. It works over connections of its own, so that it
    takes none from requests.

    Args:
        database: What is served: its wakes are listened to.
        host: The plugins of this process.
        settings: How it is done.
    """
    if not has_background_work(host):
        yield
        return
    task = asyncio.create_task(_keep_running(database, host, settings))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def has_background_work(host: Host) -> bool:
    """Return whether there are plugins that do anything by themselves."""
    return _has_jobs(host) or bool(host.implementing("on_change"))


def _has_jobs(host: Host) -> bool:
    return any(plugin.jobs for plugin in host.plugins)


async def _keep_running(served: Database, host: Host, settings: Settings) -> None:
    await asyncio.sleep(START_DELAY_SECONDS)
    while True:
        try:
            await _run(served, host, settings)
        except Exception as error:
            log.warning("the background failed and will be started again", exc_info=error)
        await asyncio.sleep(RETRY_SECONDS)


async def _run(served: Database, host: Host, settings: Settings) -> None:
    async with Database(served.url, _own(settings)) as database, asyncio.TaskGroup() as group:
        group.create_task(Dispatcher(database, host, settings).run(served.wakes))
        if _has_jobs(host):
            work = await asyncio.to_thread(_work)
            group.create_task(work(database, host, settings))


def _own(settings: Settings) -> Settings:
    """Return the settings of the background's own connections: one for each thing that it does at a time."""
    changed = {
        "pool_size": 2 * settings.worker_concurrency + 2,
        "statement_timeout_seconds": settings.worker_statement_timeout_seconds,
    }
    return settings.model_copy(update=changed)


def _work() -> Callable[[Database, Host, Settings], Coroutine[Any, Any, None]]:
    """Bring the worker, in a thread: procrastinate takes its time, and a server answers meanwhile."""
    from tenure_core.background.jobs.worker import run_worker

    return run_worker
