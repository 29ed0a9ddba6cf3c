"""Listening: a receiver of webhooks that runs for one test."""

from __future__ import annotations

import time
from contextlib import suppress
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Listener(ThreadingHTTPServer):
    """A receiver of webhooks, which keeps what it is sent and answers as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = [204]
        self.location = ""
        self.pause_seconds = 0.0
        self.connections = 0
        self.received: list[tuple[str, HTTPMessage, bytes]] = []

    def next_answer(self) -> int:
        """Return the status that a message is answered with: each once, and the last for good."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def verify_request(self, request: object, client_address: object) -> bool:
        """Count who connects."""
        self.connections += 1
        return True


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, self.headers, body))
        self.send_response(self.server.next_answer())
        if self.server.location:
            self.send_header("location", self.server.location)
        # A sender that has had enough closes the connection, which is no fault of the receiver.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._answer()

    def _answer(self) -> None:
        """End the answer, after some headers that come one by one where it shall take long."""
        for number in range(10 if self.server.pause_seconds else 0):
            self.send_header(f"x-{number}", "drop")
            self.flush_headers()
            time.sleep(self.server.pause_seconds)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
