"""Runs the measured servers, each in a process."""

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
from queries import body

from tenure_schema.http.graphql_request import GraphQLRequest

HERE = Path(__file__).parent
TENURE = Path(sys.executable).parent / "tenure"
START_TIMEOUT_SECONDS = 30


class ServerFailedError(Exception):
    """A server did not start, or its response had another status than 200."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Args:
        port: Its port.
        process: Its process.
    """

    port: int
    process: psutil.Popen

    @property
    def resident_megabytes(self) -> float:
        """The resident memory of the process and its children."""
        processes = [self.process, *self.process.children(recursive=True)]
        return sum(process.memory_info().rss for process in processes) / 1e6


@contextmanager
def tenure(data: Data, plugins: str = "") -> Iterator[Server]:
    """Run `tenure serve`.

    Args:
        data: The data.
        plugins: The names of the loaded plugins, separated by commas; none by default.
    """
    environment = {"DATABASE_URL": data.url, "TENURE_PLUGINS_ALLOW": plugins}
    with _run_server([str(TENURE), "serve", "--port"], environment) as server:
        yield server


@contextmanager
def uvicorn(module: str, data: Data) -> Iterator[Server]:
    """Run a module of this folder in uvicorn, with the options of `tenure serve`.

    Args:
        module: The name of the module, such as "bare_server".
        data: The data.
    """
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-server-header"]
    command = [sys.executable, "-m", "uvicorn", f"{module}:app", "--app-dir", str(HERE), *options]
    environment = {"BENCH_DATABASE_URL": data.url, "BENCH_TENANT": str(data.tenant_id)}
    with _run_server([*command, "--log-level", "warning", "--port"], environment) as server:
        yield server


@contextmanager
def _run_server(command: list[str], environment: dict[str, str]) -> Iterator[Server]:
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
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return
    raise ServerFailedError(f"{' '.join(process.args)} did not start.")


def send(target: Target, request: GraphQLRequest) -> bytes:
    """Return the body of the response to a request.

    Raises:
        ServerFailedError: The status is not 200.
    """
    connection = HTTPConnection("127.0.0.1", target.port, timeout=START_TIMEOUT_SECONDS)
    headers = {"Authorization": f"Bearer {target.key}", "Content-Type": "application/json"}
    connection.request("POST", target.path, body(request), headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    if response.status != 200:
        raise ServerFailedError(f"{target.path} returned {response.status}: {content[:500].decode()}")
    return content
