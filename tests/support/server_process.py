"""Tenure as a process of its own, which a test may kill and start again at the same address."""

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
PATIENCE_SECONDS = 60
"""How long a start may take on a busy machine before the test gives up."""


class Running:
    """`tenure serve` at one address, whatever becomes of its process.

    Args:
        database_url: The database that it serves.
        tenure: The command.
        settings: Its settings, by the names of their variables.
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
        """Start it, and wait until it answers."""
        self.process = subprocess.Popen(
            [self._tenure, "serve", "--port", str(self.port)], env=self._environment, stdout=subprocess.PIPE
        )
        timer = Timer(PATIENCE_SECONDS, self.process.kill)
        timer.start()
        assert self.process.stdout
        assert any(b"/graphql" in line for line in self.process.stdout), "the server did not start"
        timer.cancel()

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal, and wait until it is gone."""
        self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE_SECONDS)


@contextmanager
def running(database_url: str, tenure: str = TENURE, **settings: str) -> Iterator[Running]:
    """Run `tenure serve`."""
    server = Running(database_url, tenure, **settings)
    try:
        yield server
    finally:
        server.end()
