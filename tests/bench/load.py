"""Generates load: HTTP requests over several connections, each sent after the response to the previous one.

The load runs in a separate process and uses little CPU per response, because the machine may have only two
cores.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import cast

import orjson
import uvloop

HEAD_END = b"\r\n\r\n"
RESPONSE_TIMEOUT_SECONDS = 30
"""Timeout of the last responses."""


@dataclass(frozen=True, slots=True)
class Target:
    """The target of requests.

    Args:
        port: The port of the server.
        path: The path.
        key: The API key.
    """

    port: int
    path: str
    key: str

    def request(self, body: bytes) -> bytes:
        """Return the bytes of a request."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a load.

    Args:
        per_second: Responses per second.
        milliseconds: Median time from a request to the end of its response.
    """

    per_second: float
    milliseconds: float


class _Connection(asyncio.Protocol):
    """A connection that sends the next request when a response is complete, until an end time."""

    def __init__(self, requests: Iterator[bytes], end: float) -> None:
        self.durations: list[float] = []
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._end = end
        self._remaining = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        self._start = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        if self._remaining == 0:
            head, end, body = data.partition(HEAD_END)
            if not (end and head.startswith(b"HTTP/1.1 200")):
                self.closed.set_exception(RuntimeError(f"unexpected response: {data[:500]!r}"))
                self._transport.abort()
                return
            self._remaining = _content_length(head) - len(body)
        else:
            self._remaining -= len(data)
        if self._remaining == 0:
            self._complete(time.perf_counter())

    def _complete(self, now: float) -> None:
        self.durations.append(now - self._start)
        if now < self._end:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


def _content_length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0])


async def _load(target: Target, bodies: Sequence[bytes], connections: int, seconds: float) -> Result:
    requests = itertools.cycle([target.request(body) for body in bodies])
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    connected = [
        await loop.create_connection(lambda: _Connection(requests, start + seconds), "127.0.0.1", target.port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(connection.closed for _, connection in connected))
    durations = [d for _, connection in connected for d in connection.durations]
    elapsed = time.perf_counter() - start
    return Result(len(durations) / elapsed, statistics.median(durations) * 1000)


def load(target: Target, bodies: Sequence[bytes], connections: int, seconds: float) -> Result:
    """Send requests from a separate process.

    Args:
        target: The target.
        bodies: The bodies of the requests, sent in turn and repeatedly.
        connections: Number of concurrent connections.
        seconds: Duration.
    """
    task = {
        "target": asdict(target),
        "bodies": [body.decode() for body in bodies],
        "connections": connections,
        "seconds": seconds,
    }
    command, stdin = [sys.executable, __file__], orjson.dumps(task)
    timeout = seconds + RESPONSE_TIMEOUT_SECONDS
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, check=True, timeout=timeout)
    return Result(**orjson.loads(done.stdout))


def main() -> None:
    """Read a task from stdin, run it, and write its result to stdout."""
    task = orjson.loads(sys.stdin.buffer.read())
    bodies = [body.encode() for body in task["bodies"]]
    work = _load(Target(**task["target"]), bodies, task["connections"], task["seconds"])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.buffer.write(orjson.dumps(asdict(runner.run(work))))


if __name__ == "__main__":
    main()
