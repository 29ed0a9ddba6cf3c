"""A process that is killed while it runs a change listener or a job.

Usage: `python -m tests.support.killed_worker URL PLUGIN HOOK`, where HOOK is on_change or register_jobs. The
process delivers changes to a plugin with the given name, or runs its job. The plugin writes an account and
kills the process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta

from tests.support.plugin_factory import plugin

from tenure_core.background.runtime import run_background
from tenure_core.changes.change import Change
from tenure_core.entities.model import Account
from tenure_core.plugins.context import Context
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.host import load_host
from tenure_core.plugins.registrations import Job
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings


async def write_and_die(context: Context) -> None:
    """Write an account and kill the process before the commit."""
    await context.write.create(Account, [{"name": "written by a killed worker"}])
    os.kill(os.getpid(), signal.SIGKILL)


@hookimpl
async def on_change(context: Context, changes: Sequence[Change]) -> None:
    await write_and_die(context)


@hookimpl
def register_jobs() -> list[Job]:
    return [Job(name="tidy", doc="Tidy up.", run=write_and_die, every=timedelta(seconds=1))]


async def main(url: str, name: str, hook: str) -> None:
    hooks = {"on_change": on_change} if hook == "on_change" else {"register_jobs": register_jobs}
    host = load_host(Settings(), [plugin(name, **hooks)])
    settings = Settings(worker_stalled_seconds=1.0)
    async with Database(url, settings) as database, run_background(database, host, settings):
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
