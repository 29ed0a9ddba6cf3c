"""`tenure worker` and the worker inside `tenure serve`, as real processes with an installed plugin."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent
from threading import Timer

import psutil
import pytest
from tests.support.background_plugins import Tenant, hearing, until_so

from tenure_core.access.identity import Actor
from tenure_core.changes.change import Change
from tenure_core.plugins.context import Context
from tenure_core.postgres.database import Database

TENURE = str(Path(sys.executable).with_name("tenure"))
PATIENCE_SECONDS = 60

PLUGIN = """
    import asyncio
    from datetime import timedelta

    from tenure_sdk import Account, Job, Manifest, hookimpl

    MANIFEST = Manifest(name="{name}", version="1.0.0", tenure=">=0.1", doc="It notes what it does.")

    @hookimpl
    async def on_change(context, changes):
        told = [change.after["name"] for change in changes if not change.origin.startswith("plugin:")]
        await context.write.create(Account, [{{"name": f"heard of {{one}}"}} for one in told])

    async def tidy(context):
        await context.write.create(Account, [{{"name": "tidied"}}])
        await asyncio.sleep(0.5)

    @hookimpl
    def register_jobs():
        return [Job(name="tidy", doc="Tidy up.", run=tidy, every=timedelta(seconds=1))]
"""

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n"
ENTRY_POINT = "[tenure.plugins]\n{name} = {name}\n"


@pytest.fixture
def name(tmp_path: Path) -> str:
    """The name of a plugin that is installed for this test alone."""
    name = f"p{uuid.uuid4().hex[:12]}"
    about = tmp_path / f"{name}-1.0.0.dist-info"
    about.mkdir()
    (tmp_path / f"{name}.py").write_text(dedent(PLUGIN).format(name=name))
    (about / "METADATA").write_text(METADATA.format(name=name))
    (about / "entry_points.txt").write_text(ENTRY_POINT.format(name=name))
    return name


@pytest.fixture
async def tenant(database: Database, actor: Actor, name: str) -> Tenant:
    """A tenant that has enabled it."""

    async def hear(_: Context, __: Sequence[Change]) -> None:
        """Stand for the plugin, which this process does not have."""

    tenant = Tenant(database, actor, hearing(hear, name))
    await tenant.enable()
    return tenant


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(database_url: str, name: str, tmp_path: Path) -> Iterator[Start]:
    """Start commands, and wait until each says that it is ready; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []
    usual = {
        "DATABASE_URL": database_url,
        "TENURE_PLUGINS_ALLOW": name,
        "TENURE_WORKER_STALLED_SECONDS": "1",
        "TENURE_PORT": "0",
        "PYTHONPATH": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
    }

    def begin(command: str, **settings: str) -> subprocess.Popen[str]:
        environment = os.environ | usual | settings
        pipe = subprocess.PIPE
        process = subprocess.Popen([TENURE, command], env=environment, stdout=pipe, stderr=pipe, text=True)
        started.append(process)
        timer = Timer(PATIENCE_SECONDS, process.kill)
        timer.start()
        assert process.stdout
        assert any("Tenure " in line for line in process.stdout), process.stderr and process.stderr.read()
        timer.cancel()
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Tell a process to stop, and return its exit code and what is on stderr."""
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, errors


async def written(tenant: Tenant, account: str) -> int:
    return len(await tenant.writer.read("id", f"name = '{account}'"))


@pytest.mark.parametrize("command", ["worker", "serve"])
async def test_it_does_what_plugins_do_by_themselves_and_ends_cleanly(
    tenant: Tenant, start: Start, command: str
) -> None:
    process = await asyncio.to_thread(start, command)
    await tenant.accounts("one")
    await until_so(lambda: written(tenant, "heard of one"))
    await until_so(lambda: written(tenant, "tidied"))
    assert psutil.Process(process.pid).memory_info().rss < 200_000_000
    begun = time.monotonic()
    assert await asyncio.to_thread(end, process) == (0, "")
    assert time.monotonic() - begun < 5


def test_without_anything_to_do_it_says_so(database_url: str) -> None:
    environment = os.environ | {"DATABASE_URL": database_url, "TENURE_PLUGINS_ALLOW": ""}
    done = subprocess.run([TENURE, "worker"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("tenure: There is nothing to do: no plugin that is loaded has jobs")
