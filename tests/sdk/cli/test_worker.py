"""`tenure worker`, and the worker in `tenure serve`, as processes with an installed plugin."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent
from threading import Timer

import psutil
import pytest
from tests.support.background_plugins import Tenant, listener_plugin, wait_until_async
from tests.support.command_line import START_SECONDS, TENURE

from tenure_core.access.identity import Actor
from tenure_core.changes.change import Change
from tenure_core.plugins.context import Context
from tenure_core.postgres.database import Database

PLUGIN = """
    import asyncio
    from datetime import timedelta

    from tenure_sdk import Account, Job, Manifest, hookimpl

    MANIFEST = Manifest(name="{name}", version="1.0.0", tenure=">=0.1", doc="Writes accounts.")

    @hookimpl
    async def on_change(context, changes):
        names = [change.after["name"] for change in changes if not change.origin.startswith("plugin:")]
        await context.write.create(Account, [{{"name": f"change of {{name}}"}} for name in names])

    async def clean(context):
        await context.write.create(Account, [{{"name": "job"}}])
        await asyncio.sleep(0.5)

    @hookimpl
    def register_jobs():
        return [Job(name="clean", doc="Clean up.", run=clean, every=timedelta(seconds=1))]
"""

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n"
ENTRY_POINT = "[tenure.plugins]\n{name} = {name}\n"


@pytest.fixture
def name(tmp_path: Path) -> str:
    """The name of a plugin that is installed for this test."""
    name = f"p{uuid.uuid4().hex[:12]}"
    info = tmp_path / f"{name}-1.0.0.dist-info"
    info.mkdir()
    (tmp_path / f"{name}.py").write_text(dedent(PLUGIN).format(name=name))
    (info / "METADATA").write_text(METADATA.format(name=name))
    (info / "entry_points.txt").write_text(ENTRY_POINT.format(name=name))
    return name


@pytest.fixture
async def tenant(database: Database, actor: Actor, name: str) -> Tenant:
    """A tenant with the plugin enabled."""

    async def hear(_: Context, __: Sequence[Change]) -> None:
        """Stand for the plugin, which this process does not have."""

    tenant = Tenant(database, actor, listener_plugin(hear, name))
    await tenant.enable()
    return tenant


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(database_url: str, name: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a command and waits until it is ready; running processes are killed at the end."""
    processes: list[subprocess.Popen[str]] = []
    defaults = {
        "DATABASE_URL": database_url,
        "TENURE_PLUGINS_ALLOW": name,
        "TENURE_WORKER_STALLED_SECONDS": "1",
        "TENURE_PORT": "0",
        "PYTHONPATH": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
    }

    def start_process(command: str, **settings: str) -> subprocess.Popen[str]:
        environment = os.environ | defaults | settings
        pipe = subprocess.PIPE
        process = subprocess.Popen([TENURE, command], env=environment, stdout=pipe, stderr=pipe, text=True)
        processes.append(process)
        timer = Timer(START_SECONDS, process.kill)
        timer.start()
        assert process.stdout
        assert any("Tenure " in line for line in process.stdout), process.stderr and process.stderr.read()
        timer.cancel()
        return process

    yield start_process
    for process in processes:
        process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Stop a process; return its exit code and its output on stderr."""
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=START_SECONDS)
    return process.returncode, errors


async def count_accounts(tenant: Tenant, name: str) -> int:
    return len(await tenant.writer.read("id", f"name = '{name}'"))


@pytest.mark.parametrize("command", ["worker", "serve"])
async def test_jobs_and_change_listeners_run_and_the_process_stops_cleanly(
    tenant: Tenant, start: Start, command: str
) -> None:
    process = await asyncio.to_thread(start, command)
    await tenant.create_accounts("one")
    await wait_until_async(lambda: count_accounts(tenant, "change of one"))
    await wait_until_async(lambda: count_accounts(tenant, "job"))
    assert psutil.Process(process.pid).memory_info().rss < 200_000_000
    start_time = time.monotonic()
    assert await asyncio.to_thread(stop, process) == (0, "")
    assert time.monotonic() - start_time < 5


def test_a_worker_without_plugins_runs_the_built_in_jobs(start: Start) -> None:
    process = start("worker", TENURE_PLUGINS_ALLOW="")
    assert stop(process) == (0, "")
