"""Runs `tenure serve` as a separate process, which a test can kill and restart at the same address."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

TENURE = str(Path(sys.executable).with_name("tenure"))
TIMEOUT_SECONDS = 60
"""The timeout for a start or a stop on a busy machine."""


class TenureProcess:
    """`tenure serve` at a fixed address, across restarts.

    Args:
        database_url: The URL of the database.
        tenure: The path of the command.
        settings: Environment variables.
    """

    def __init__(self, database_url: str, tenure: str = TENURE, **settings: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._tenure = tenure
        self._environment = os.environ | {"DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"} | settings
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the process, and wait until it accepts requests."""
        self.process = subprocess.Popen(
            [self._tenure, "serve", "--port", str(self.port)], env=self._environment, stdout=subprocess.PIPE
        )
        timer = Timer(TIMEOUT_SECONDS, self.process.kill)
        timer.start()
        assert self.process.stdout
        assert any(b"/graphql" in line for line in self.process.stdout), "the server did not start"
        timer.cancel()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal, and wait until the process ends."""
        self.process.send_signal(number)
        self.process.communicate(timeout=TIMEOUT_SECONDS)


@contextmanager
def run_tenure(database_url: str, tenure: str = TENURE, **settings: str) -> Iterator[TenureProcess]:
    """Run `tenure serve`, and stop it on exit."""
    server = TenureProcess(database_url, tenure, **settings)
    try:
        yield server
    finally:
        server.stop()
