"""`tenure worker`: runs the jobs and change listeners of plugins and of the core."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from tenure_core.plugins.host import Host
    from tenure_core.settings import Settings


def worker() -> None:
    """Run background jobs and change listeners.

    The worker runs until Ctrl-C or SIGTERM. Running jobs and change listeners then have 5 seconds to finish.
    Several workers can run at the same time, also on different machines: each job and each batch of changes
    is processed by one worker. If that worker dies, another one takes over. `tenure serve` includes a worker
    unless TENURE_WORKER=0.

    \b
    Example:
      TENURE_WORKER_CONCURRENCY=8 tenure worker
    """
    from tenure_core.settings import load_settings
    from tenure_sdk.cli.database import check_migrations, running_postgres
    from tenure_sdk.cli.server import stop_on_signals

    settings = load_settings()
    stop_on_signals()
    with running_postgres(settings) as url:
        from tenure_core.plugins.host import load_host

        host = load_host(settings)
        check_migrations(url, host)
        _run_worker(host, settings, url)


def _run_worker(host: Host, settings: Settings, url: str) -> None:
    import uvloop

    from tenure_schema.http.logging_setup import configure_logs

    configure_logs(settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work_until_stopped(host, settings, url))


async def _work_until_stopped(host: Host, settings: Settings, url: str) -> None:
    from tenure_core.background.runtime import run_background
    from tenure_core.plugins.lifecycle import run_lifecycle
    from tenure_core.postgres.database import Database

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with (
        Database(url, settings) as database,
        run_lifecycle(host, settings) as running_host,
        run_background(database, running_host, settings),
    ):
        names = ", ".join(plugin.name for plugin in running_host.all_plugins)
        typer.echo(f"Tenure worker is running for {names}. Press Ctrl-C to stop.")
        await stop.wait()
