"""`tenure serve` and `tenure demo` as real processes: what they start they stop, what was written stays."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Role

TENURE = str(Path(sys.executable).with_name("tenure"))
PATIENCE_SECONDS = 60
"""How long a start may take on a busy machine before the test gives up."""


class Server:
    """A running `tenure` process, once it has said where it answers.

    Args:
        command: "serve" or "demo".
        until: What the last line that the test waits for says.
        environment: Its variables, over those of the tests.
    """

    def __init__(self, command: str, until: str = "/graphql", **environment: str) -> None:
        usual = {"TENURE_PORT": "0", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [TENURE, command],
            env=os.environ | usual | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._timer = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        self._timer.start()
        self.output = self._read_until(until)

    def _read_until(self, last: str) -> str:
        assert self.process.stdout
        assert self.process.stderr
        seen = ""
        for line in self.process.stdout:
            seen += line
            if last in line:
                return seen
        raise AssertionError(f"The server did not start: {seen}{self.process.stderr.read()}")

    @property
    def address(self) -> str:
        return re.findall(r"http://127\.0\.0\.1:\d+", self.output)[0]

    def ask(self, key: str, query: str) -> dict:
        answer = httpx.post(
            f"{self.address}/graphql",
            json={"query": query},
            headers={"Authorization": f"Bearer {key}"},
            timeout=PATIENCE_SECONDS,
        )
        return answer.json()

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal, and return the exit code and what is on stderr."""
        self.process.send_signal(number)
        rest, errors = self.process.communicate(timeout=PATIENCE_SECONDS)
        self._timer.cancel()
        self.output += rest
        return self.process.returncode, errors


@pytest.fixture
def key(database_url: str) -> str:
    return create_key(database_url, f"serve {uuid.uuid4()}", Role.ADMIN, "test", "test").secret


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of its own, which no PostgreSQL may use any more at the end."""
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as folder:
        yield Path(folder) / "home"
        assert processes_of(Path(folder)) == []


def processes_of(folder: Path) -> list[list[str]]:
    commands = [one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])]
    return [command for command in commands if any(str(folder) in word for word in command)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_answers_in_little_memory_and_ends_cleanly(
    database_url: str, key: str, number: signal.Signals
) -> None:
    server = Server("serve", DATABASE_URL=database_url)
    assert server.ask(key, "{ accounts { totalCount } }") == {"data": {"accounts": {"totalCount": 0}}}
    assert psutil.Process(server.process.pid).memory_info().rss < 200_000_000
    assert server.end(number) == (0, "")


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_in_use_is_said_at_once(database_url: str, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [TENURE, command, "--port", port],
            env=os.environ | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"},
            capture_output=True,
            text=True,
            check=False,
        )
    hint = "Stop the program that uses it, or choose another with --port."
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"tenure: Port {port} on 127.0.0.1 is in use. {hint}\n"


def test_an_address_of_another_machine_is_refused_in_one_line() -> None:
    done = subprocess.run(
        [TENURE, "serve", "--host", "192.0.2.1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr.startswith("tenure: Can't listen on 192.0.2.1:8000: ")
    assert done.stderr.count("\n") == 1


@pytest.fixture
def demo_environment(home: Path, tmp_path: Path) -> dict[str, str]:
    """A home with an embedded PostgreSQL, and an npm that finds no way out: a test must need none."""
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error code EAI_AGAIN' >&2\nexit 1\n")
    npm.chmod(0o755)
    path = os.pathsep.join((str(tmp_path), os.environ["PATH"]))
    return {"TENURE_HOME": str(home), "DATABASE_URL": "", "PATH": path}


def test_demo_shows_a_way_in_and_stops_the_postgresql_that_it_started(
    home: Path, demo_environment: dict[str, str]
) -> None:
    server = Server("demo", until="Ctrl-C stops it", **demo_environment)
    assert processes_of(home)
    answer = as_curl_would(server.output.partition("  curl ")[2].partition("Ctrl-C")[0])
    assert answer["data"]["accounts"]["totalCount"] == 7
    code, errors = server.end(signal.SIGINT)
    assert code == 0
    assert re.fullmatch("GraphiQL is not installed; `tenure ide install` .* EAI_AGAIN.*\n", errors)


def test_demo_finds_its_data_and_its_key_after_a_kill(home: Path, demo_environment: dict[str, str]) -> None:
    killed = Server("demo", **demo_environment)
    key = (home / "demo-key").read_text().strip()
    assert (home / "demo-key").stat().st_mode & 0o777 == 0o600
    first = killed.ask(key, "{ accounts(first: 1) { nodes { id } } }")
    account = first["data"]["accounts"]["nodes"][0]["id"]
    killed.ask(
        key, f'mutation {{ accountUpdate(input: {{id: "{account}", name: "Renamed"}}) {{ __typename }} }}'
    )
    killed.end(signal.SIGKILL)
    again = Server("demo", until="Ctrl-C stops it", **demo_environment)
    assert key in again.output
    answer = again.ask(key, f'{{ account(id: "{account}") {{ name }} accounts {{ totalCount }} }}')
    assert answer["data"] == {"account": {"name": "Renamed"}, "accounts": {"totalCount": 40}}
    assert again.end(signal.SIGTERM) == (0, "")


def as_curl_would(command: str) -> dict:
    """Send what a printed curl command would, so that the test needs no curl."""
    address, *options = shlex.split(command.replace("\\\n", " "))
    given = list(zip(options[::2], options[1::2], strict=True))
    headers = dict(value.split(": ", 1) for option, value in given if option == "-H")
    return httpx.post(address, headers=headers, content=dict(given)["-d"], timeout=PATIENCE_SECONDS).json()
