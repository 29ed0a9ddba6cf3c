"""`tenure worker`."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import typer

from tenure_core.errors import PluginError
from tenure_core.settings import Settings, load_settings
from tenure_sdk.cli.database import refuse_pending_migrations, running_postgres
from tenure_sdk.cli.server import stop_cleanly

if TYPE_CHECKING:
    from tenure_core.plugins.host import Host


def worker() -> None:
    """Do what plugins do by themselves, until told to stop.

    Raises:
        TenureError: A setting or a plugin is wrong, no plugin does anything by itself, or the database can't
            be reached or is too old.
    """
    settings = load_settings()
    stop_cleanly()
    with running_postgres(settings) as url:
        from tenure_core.plugins.host import load_host

        host = load_host(settings)
        refuse_pending_migrations(url, host)
        _run(host, settings, url)


def _run(host: Host, settings: Settings, url: str) -> None:
    import uvloop

    from tenure_core.background.runtime import has_background_work
    from tenure_schema.http.logging_setup import configure_logs

    if not has_background_work(host):
        raise PluginError(
            "There is nothing to do: no plugin that is loaded has jobs, or is told of changes.",
            "Install one, or let it in with TENURE_PLUGINS_ALLOW.",
        )
    configure_logs(settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(host, settings, url))


async def _work(host: Host, settings: Settings, url: str) -> None:
    from tenure_core.background.runtime import run_background
    from tenure_core.plugins.lifecycle import run_lifecycle
    from tenure_core.postgres.database import Database

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with (
        Database(url, settings) as database,
        run_lifecycle(host, settings) as ready,
        run_background(database, ready, settings),
    ):
        names = ", ".join(plugin.name for plugin in ready.plugins)
        typer.echo(f"Tenure works for {names}. Ctrl-C stops it.")
        await stop.wait()
