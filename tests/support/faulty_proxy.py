"""A proxy that breaks on purpose, in front of a Tenure that does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx

FAULTS = ("cut", "lost", "half", 429, 503)
"""What may become of a request: its connection is cut, it is done but its answer is lost, wholly or in part,
or it is turned away with a status."""


class BreakingProxy(ThreadingHTTPServer):
    """The proxy.

    Args:
        target: Where Tenure answers.
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
    server: BreakingProxy
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
            self._answer(fault, b"turned away", **{"Retry-After": "1"} if fault == 429 else {})
        elif fault != "cut":
            answer = httpx.request(
                self.command,
                f"{self.server.target}{self.path}",
                headers=dict(self.headers),
                content=body,
                timeout=60,
            )
            if fault == "half":
                self._answer(answer.status_code, answer.content, len(answer.content) // 2)
            elif fault != "lost":
                self._answer(answer.status_code, answer.content)

    def _answer(self, status: int, body: bytes, sent: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:sent])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def breaking_proxy(target: str) -> Iterator[BreakingProxy]:
    """Run the proxy in front of a Tenure."""
    with BreakingProxy(target) as proxy:
        thread = Thread(target=proxy.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
