"""A proxy in front of Tenure that injects faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx

FAULTS = ("cut", "lost", "half", 429, 503)
"""The faults: the connection is closed before the request is forwarded (cut), the request is forwarded but
the response is lost completely (lost) or partly (half), or the request is rejected with a status."""


class FaultyProxy(ThreadingHTTPServer):
    """The proxy.

    Args:
        target: The URL of Tenure.
    """

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.faults: list[Any] = []
        self.keys: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FaultyProxy
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        self.server.keys.append(self.headers["Idempotency-Key"])
        self._handle(self.rfile.read(int(self.headers["Content-Length"])))

    def _handle(self, body: bytes) -> None:
        fault = self.server.faults.pop(0) if self.server.faults else None
        self.close_connection = isinstance(fault, str)
        if isinstance(fault, int):
            self._respond(fault, b"rejected", **{"Retry-After": "1"} if fault == 429 else {})
        elif fault != "cut":
            response = httpx.request(
                self.command,
                f"{self.server.target}{self.path}",
                headers=dict(self.headers),
                content=body,
                timeout=60,
            )
            if fault == "half":
                self._respond(response.status_code, response.content, len(response.content) // 2)
            elif fault != "lost":
                self._respond(response.status_code, response.content)

    def _respond(self, status: int, body: bytes, sent: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:sent])

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def run_faulty_proxy(target: str) -> Iterator[FaultyProxy]:
    """Run the proxy in front of Tenure."""
    with FaultyProxy(target) as proxy:
        thread = Thread(target=proxy.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
