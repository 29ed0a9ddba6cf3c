"""A webhook receiver for tests: an HTTP server that records requests and returns configured responses."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class WebhookReceiver(ThreadingHTTPServer):
    """An HTTP server on a free port of 127.0.0.1, which runs in a thread inside a `with` statement.

    Attributes:
        statuses: The statuses of the next responses; the last one is repeated.
        location: The `Location` header of all responses; empty for none.
        header_pause_seconds: Pause between the ten headers of a slow response; 0 for a normal response.
        connections: The number of connections so far.
        requests: Path, headers and body of each request so far.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = [204]
        self.location = ""
        self.header_pause_seconds = 0.0
        self.connections = 0
        self.requests: list[tuple[str, Message, bytes]] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def next_status(self) -> int:
        """Return the status of the next response."""
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    @property
    def url(self) -> str:
        """The URL of the receiver."""
        return f"http://127.0.0.1:{self.server_port}/hook"

    def verify_request(self, request: object, client_address: object) -> bool:
        """Count the connection."""
        self.connections += 1
        return True


class _Handler(BaseHTTPRequestHandler):
    server: WebhookReceiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.requests.append((self.path, self.headers, body))
        self.send_response(self.server.next_status())
        if self.server.location:
            self.send_header("location", self.server.location)
        # The sender closes the connection at its timeout, which is not an error of the receiver.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._end_response()

    def _end_response(self) -> None:
        for number in range(10 if self.server.header_pause_seconds else 0):
            self.send_header(f"x-{number}", "slow")
            self.flush_headers()
            time.sleep(self.server.header_pause_seconds)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""
