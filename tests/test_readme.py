"""README.md is correct: its queries, its commands, its links, and `make run` in a new clone."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Any

import orjson
import psutil
import pytest
from tests.support.command_line import run_in_process
from tests.support.graphql_requests import execute_request
from tests.support.readme_examples import PLUGINS, README, RETAIL, TOUR, Example, examples, queries, title

from tenure_core.access.api_keys import ensure_tenant
from tenure_core.access.identity import Actor, Role
from tenure_core.catalog.catalog import Catalog
from tenure_core.plugins.host import core_host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings
from tenure_manufacturing import plugin as manufacturing
from tenure_schema.operations.executor import Executor
from tenure_sdk.demo.loading import load_demo
from tenure_sdk.demo.plugins import load_plugins
from tenure_sdk.testing import running_tenure

ROOT = README.parent


@pytest.fixture(scope="module")
async def demo(database_url: str, database: Database, catalog: Catalog) -> Actor:
    """An administrator of a tenant with the demo data."""
    tenant_id = ensure_tenant(database_url, f"readme {uuid.uuid4()}")
    actor = Actor(tenant_id, uuid.uuid4(), Role.ADMIN, "readme")
    await load_demo(database, core_host(), actor, datetime.now(UTC))
    return actor


def has_records(value: Any) -> bool:
    """Return whether no list of a response is empty."""
    if isinstance(value, dict):
        return all(has_records(inner) for inner in value.values())
    return value != []


@pytest.mark.parametrize("example", queries(TOUR), ids=title)
async def test_each_query_of_the_tour_returns_records_or_the_response_of_the_readme(
    example: Example, demo: Actor, database: Database, settings: Settings
) -> None:
    executor = Executor(core_host(), database, settings)
    response = await execute_request(executor, demo, example.text)
    assert "errors" not in response
    if example.response:
        assert response == example.response
    else:
        assert has_records(response["data"]), "a list of the response is empty"


async def test_each_query_of_plugins_returns_records_of_the_demo(server_url: str) -> None:
    now = datetime.now(UTC)
    async with running_tenure(server_url, [manufacturing]) as tenure:
        tenant = await tenure.open_tenant("demo", Role.ADMIN)
        await load_demo(tenure.database, tenure.host, tenant.actor, now)
        await load_plugins(tenure.database, tenure.host, tenant.actor, now)
        tenant = await tenure.open_tenant("demo", Role.ADMIN)
        responses = [await tenant.execute(example.text) for example in queries(PLUGINS)]
    assert responses
    assert [item for item in responses if "errors" in item or not has_records(item["data"])] == []


def test_every_query_has_a_test() -> None:
    graphql = [example for example in examples() if example.language == "graphql"]
    assert [example.text for example in graphql if example.section not in (TOUR, PLUGINS, RETAIL)] == []


def test_linked_files_exist() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README.read_text())
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_commands_exist() -> None:
    commands = [line for example in examples() if example.language == "sh" for line in example.lines]
    targets = {line.split()[1] for line in commands if line.startswith("make ")}
    assert {"run", "test"} <= targets
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    for line in commands:
        if line.removeprefix(".venv/bin/").startswith("tenure "):
            command = shlex.split(line.removeprefix(".venv/bin/").split("#")[0])[1:]
            words = [word for word in command[:2] if re.fullmatch(r"[a-z]+", word)]
            assert run_in_process(*words, "--help", folder=ROOT).returncode == 0, line


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def make_run(folder: Path, port: int) -> Iterator[str]:
    """Execute `make run` in a folder; yield its output up to the last line before it serves requests."""
    environment = {**os.environ, "TENURE_PORT": str(port)}
    environment.pop("DATABASE_URL", None)
    make = subprocess.Popen(
        ["make", "run"], cwd=folder, env=environment, stdout=PIPE, stderr=STDOUT, text=True
    )
    assert make.stdout
    output = ""
    try:
        for line in make.stdout:
            output += line
            if "Ctrl-C" in line:
                break
        else:
            pytest.fail(f"make run failed:\n{output}")
        yield output
    finally:
        for process in psutil.Process(make.pid).children(recursive=True):
            if "tenure" in " ".join(process.cmdline()):
                process.send_signal(signal.SIGTERM)
        make.wait(30)


def run_query(command: str, folder: Path) -> Any:
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=True)
    return orjson.loads(done.stdout)


def remaining_processes(folder: Path) -> list[psutil.Process]:
    """Return the processes of a folder that do not end within 10 seconds."""
    commands = {p: " ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])}
    processes = [process for process, command in commands.items() if str(folder) in command]
    return list(psutil.wait_procs(processes, timeout=10)[1])


def run_printed_query(output: str, folder: Path) -> Any:
    """Run the curl command that `make run` prints; return the response."""
    return run_query(output[output.index("curl ") :].split("\n\n")[0], folder)


def test_make_run_in_a_new_clone_serves_the_demo_data_and_keeps_it(tmp_path: Path) -> None:
    clone, port = tmp_path / "tenure", free_port()
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    with make_run(clone, port) as output:
        first = run_printed_query(output, clone)
        tour = next(example.text for example in examples() if example.text.startswith("curl "))
        assert run_query(tour.replace(":8000", f":{port}"), clone)["data"]["accounts"]["totalCount"] > 10
    assert first["data"]["accounts"]["totalCount"] > 0
    assert remaining_processes(clone) == []
    with make_run(clone, port) as output:
        assert run_printed_query(output, clone) == first
