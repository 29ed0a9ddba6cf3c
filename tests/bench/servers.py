"""The servers that are measured, each a process of its own on a port of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import psutil
from data import Data
from load import Target
from questions import body

from tenure_schema.http.graphql_request import GraphQLRequest

HERE = Path(__file__).parent
TENURE = Path(sys.executable).parent / "tenure"
SECONDS_TO_START = 30


class ServerFailedError(Exception):
    """A server that did not start, or that answered something else than 200."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    Args:
        port: Its port on this machine.
        process: Its process.
    """

    port: int
    process: psutil.Popen

    @property
    def resident_megabytes(self) -> float:
        """The memory that it holds, with its children's."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(one.memory_info().rss for one in family) / 1e6


@contextmanager
def tenure(data: Data, plugins: str = "") -> Iterator[Server]:
    """Run `tenure serve`, as an operator would.

    Args:
        data: The data that it serves.
        plugins: The plugins that it loads, with commas between them; by default none, whatever is installed.
    """
    environment = {"DATABASE_URL": data.url, "TENURE_PLUGINS_ALLOW": plugins}
    with _running([str(TENURE), "serve", "--port"], environment) as server:
        yield server


@contextmanager
def uvicorn(module: str, data: Data) -> Iterator[Server]:
    """Run a module of this folder under uvicorn, with the options that `tenure serve` gives it.

    Args:
        module: Its name, such as "bare_server".
        data: The data that it serves.
    """
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-server-header"]
    command = [sys.executable, "-m", "uvicorn", f"{module}:app", "--app-dir", str(HERE), *options]
    environment = {"BENCH_DATABASE_URL": data.url, "BENCH_TENANT": str(data.tenant_id)}
    with _running([*command, "--log-level", "warning", "--port"], environment) as server:
        yield server


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[Server]:
    port = _free_port()
    process = psutil.Popen(
        [*command, str(port)], env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    try:
        _wait_until_open(port, process)
        yield Server(port, process)
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_until_open(port: int, process: psutil.Popen) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return
    raise ServerFailedError(f"{' '.join(process.args)} did not start.")


def ask(target: Target, question: GraphQLRequest) -> bytes:
    """Return the body of a server's answer to one question.

    Raises:
        ServerFailedError: It is no 200.
    """
    connection = HTTPConnection("127.0.0.1", target.port, timeout=SECONDS_TO_START)
    headers = {"Authorization": f"Bearer {target.key}", "Content-Type": "application/json"}
    connection.request("POST", target.path, body(question), headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    if response.status != 200:
        raise ServerFailedError(f"{target.path} answered {response.status}: {answer[:500].decode()}")
    return answer
