"""`tenure demo` as a process."""

from __future__ import annotations

import os
import re
import shlex
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from tests.support.command_line import START_SECONDS, ServerProcess


@pytest.fixture
def home() -> Iterator[Path]:
    """A new TENURE_HOME; at the end no process may use it."""
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as folder:
        yield Path(folder) / "home"
        assert processes_of(Path(folder)) == []


def processes_of(folder: Path) -> list[list[str]]:
    commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return [command for command in commands if any(str(folder) in word for word in command)]


@pytest.fixture
def demo_environment(home: Path, tmp_path: Path) -> dict[str, str]:
    """Settings with an embedded PostgreSQL, and an npm without network access."""
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error code EAI_AGAIN' >&2\nexit 1\n")
    npm.chmod(0o755)
    path = os.pathsep.join((str(tmp_path), os.environ["PATH"]))
    return {"TENURE_HOME": str(home), "DATABASE_URL": "", "PATH": path}


def test_the_printed_query_works_and_the_embedded_server_is_stopped(
    home: Path, demo_environment: dict[str, str]
) -> None:
    server = ServerProcess("demo", until="Press Ctrl-C to stop", **demo_environment)
    assert processes_of(home)
    answer = send_as_curl(server.output.partition("  curl ")[2].partition("Press Ctrl-C")[0])
    assert answer["data"]["accounts"]["totalCount"] == 7
    code, errors = server.stop(signal.SIGINT)
    assert code == 0
    assert re.fullmatch("GraphiQL is not installed; run `tenure ide install` .* EAI_AGAIN.*\n", errors)


def test_data_and_key_are_kept_after_a_kill(home: Path, demo_environment: dict[str, str]) -> None:
    first = ServerProcess("demo", **demo_environment)
    key = (home / "demo-key").read_text().strip()
    assert (home / "demo-key").stat().st_mode & 0o777 == 0o600
    accounts = first.query(key, "{ accounts(first: 1) { nodes { id } } }")
    account = accounts["data"]["accounts"]["nodes"][0]["id"]
    first.query(
        key, f'mutation {{ accountUpdate(input: {{id: "{account}", name: "Renamed"}}) {{ __typename }} }}'
    )
    first.stop(signal.SIGKILL)
    second = ServerProcess("demo", until="Press Ctrl-C to stop", **demo_environment)
    assert key in second.output
    answer = second.query(key, f'{{ account(id: "{account}") {{ name }} accounts {{ totalCount }} }}')
    assert answer["data"] == {"account": {"name": "Renamed"}, "accounts": {"totalCount": 40}}
    assert second.stop(signal.SIGTERM) == (0, "")


def send_as_curl(command: str) -> dict:
    """Send the request of a printed curl command, so that the test needs no curl."""
    url, *arguments = shlex.split(command.replace("\\\n", " "))
    options = list(zip(arguments[::2], arguments[1::2], strict=True))
    headers = dict(value.split(": ", 1) for option, value in options if option == "-H")
    return httpx.post(url, headers=headers, content=dict(options)["-d"], timeout=START_SECONDS).json()
