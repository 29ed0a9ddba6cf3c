"""What the README promises is what happens: its queries, its commands, its links, from a fresh clone."""

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
from tests.support.graphql_requests import ask
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
    """Someone who sees the demo's data."""
    tenant_id = ensure_tenant(database_url, f"readme {uuid.uuid4()}")
    actor = Actor(tenant_id, uuid.uuid4(), Role.ADMIN, "readme")
    await load_demo(database, catalog, actor, datetime.now(UTC))
    return actor


def answered(value: Any) -> bool:
    """Whether there is any record in an answer."""
    if isinstance(value, dict):
        return all(answered(inner) for inner in value.values())
    return value != []


@pytest.mark.parametrize("example", queries(TOUR), ids=title)
async def test_each_query_of_the_tour_is_answered(
    example: Example, demo: Actor, database: Database, settings: Settings
) -> None:
    execution = Executor(core_host(), database, settings)
    answer = await ask(execution, demo, example.text)
    assert "errors" not in answer
    if example.answer:
        assert answer == example.answer
    else:
        assert answered(answer["data"]), "the demo's data should show something here"


async def test_each_query_of_plugins_is_answered_with_what_they_tell_of_the_demo(server_url: str) -> None:
    now = datetime.now(UTC)
    async with running_tenure(server_url, [manufacturing]) as tenure:
        tenant = await tenure.opened("demo", Role.ADMIN)
        await load_demo(tenure.database, tenure.catalog, tenant.actor, now)
        await load_plugins(tenure.database, tenure.host, tenant.actor, now)
        tenant = await tenure.opened("demo", Role.ADMIN)
        answers = [await tenant.ask(example.text) for example in queries(PLUGINS)]
    assert answers
    assert [answer for answer in answers if "errors" in answer or not answered(answer["data"])] == []


def test_every_query_is_tried() -> None:
    known = {TOUR, PLUGINS, RETAIL}
    assert [one.text for one in examples() if one.language == "graphql" and one.section not in known] == []


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README.read_text())
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_commands_exist() -> None:
    commands = [line for one in examples() if one.language == "sh" for line in one.lines]
    targets = {line.split()[1] for line in commands if line.startswith("make ")}
    assert {"run", "test"} <= targets
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    for line in commands:
        if line.removeprefix(".venv/bin/").startswith("tenure "):
            command = shlex.split(line.removeprefix(".venv/bin/").split("#")[0])[1:]
            words = [word for word in command[:2] if re.fullmatch(r"[a-z]+", word)]
            help_of = [ROOT / ".venv/bin/tenure", *words, "--help"]
            assert subprocess.run(help_of, capture_output=True, check=False).returncode == 0, line


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`make run` in a folder, with what it printed before it served."""
    environment = {**os.environ, "TENURE_PORT": str(port)}
    environment.pop("DATABASE_URL", None)
    started = subprocess.Popen(
        ["make", "run"], cwd=folder, env=environment, stdout=PIPE, stderr=STDOUT, text=True
    )
    assert started.stdout
    printed = ""
    try:
        for line in started.stdout:
            printed += line
            if "Ctrl-C" in line:
                break
        else:
            pytest.fail(f"make run ended:\n{printed}")
        yield started, printed
    finally:
        for process in psutil.Process(started.pid).children(recursive=True):
            if "tenure" in " ".join(process.cmdline()):
                process.send_signal(signal.SIGTERM)
        started.wait(30)


def answer_to(command: str, folder: Path) -> Any:
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=True)
    return orjson.loads(done.stdout)


def left_over(folder: Path) -> list[psutil.Process]:
    """The processes of a folder that stay: PostgreSQL tells that it stopped a moment before it is gone."""
    commands = {p: " ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])}
    of_folder = [process for process, command in commands.items() if str(folder) in command]
    return list(psutil.wait_procs(of_folder, timeout=10)[1])


def pasted(printed: str, folder: Path) -> Any:
    """The answer to the command that `make run` prints to paste."""
    return answer_to(printed[printed.index("curl ") :].split("\n\n")[0], folder)


def test_make_run_serves_from_a_fresh_clone_and_finds_its_data_again(tmp_path: Path) -> None:
    clone, port = tmp_path / "tenure", free_port()
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    with running(clone, port) as (_, printed):
        first = pasted(printed, clone)
        tour = next(one.text for one in examples() if one.text.startswith("curl "))
        assert answer_to(tour.replace(":8000", f":{port}"), clone)["data"]["accounts"]["totalCount"] > 10
    assert first["data"]["accounts"]["totalCount"] > 0
    assert left_over(clone) == []
    with running(clone, port) as (_, printed):
        assert pasted(printed, clone) == first
