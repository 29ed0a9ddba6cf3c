"""The load: HTTP requests over a few connections, each sent when the one before was answered.

It runs as a process of its own and spends as little as it can on each answer, so that it takes no time away
from the server: the machine may have two cores only.
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
SECONDS_TO_ANSWER = 30
"""How long the last answers may take after the time is over."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go.

    Args:
        port: The server's port on this machine.
        path: The path of its route.
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
    """What a load has seen.

    Args:
        per_second: Answers per second.
        milliseconds: The median of the time from a request to the end of its answer.
    """

    per_second: float
    milliseconds: float


class _Connection(asyncio.Protocol):
    """One connection: sends the next request when an answer is complete, until the time is over."""

    def __init__(self, requests: Iterator[bytes], ends: float) -> None:
        self.durations: list[float] = []
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._ends = ends
        self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        if self._missing == 0:
            head, end, body = data.partition(HEAD_END)
            if not (end and head.startswith(b"HTTP/1.1 200")):
                self.closed.set_exception(RuntimeError(f"the server answered {data[:500]!r}"))
                self._transport.abort()
                return
            self._missing = _content_length(head) - len(body)
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self._answered(time.perf_counter())

    def _answered(self, now: float) -> None:
        self.durations.append(now - self._sent)
        if now < self._ends:
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
    started = time.perf_counter()
    opened = [
        await loop.create_connection(
            lambda: _Connection(requests, started + seconds), "127.0.0.1", target.port
        )
        for _ in range(connections)
    ]
    await asyncio.gather(*(connection.closed for _, connection in opened))
    durations = [d for _, connection in opened for d in connection.durations]
    elapsed = time.perf_counter() - started
    return Result(len(durations) / elapsed, statistics.median(durations) * 1000)


def load(target: Target, bodies: Sequence[bytes], connections: int, seconds: float) -> Result:
    """Send requests from a process of its own and return what it has seen.

    Args:
        target: Where to.
        bodies: The requests' bodies, sent in turn and again from the first.
        connections: How many connections at once.
        seconds: How long.
    """
    task = {
        "target": asdict(target),
        "bodies": [body.decode() for body in bodies],
        "connections": connections,
        "seconds": seconds,
    }
    command, given = [sys.executable, __file__], orjson.dumps(task)
    limit = seconds + SECONDS_TO_ANSWER
    done = subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True, timeout=limit)
    return Result(**orjson.loads(done.stdout))


def main() -> None:
    """Do the task on stdin and print its result."""
    task = orjson.loads(sys.stdin.buffer.read())
    bodies = [body.encode() for body in task["bodies"]]
    work = _load(Target(**task["target"]), bodies, task["connections"], task["seconds"])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.buffer.write(orjson.dumps(asdict(runner.run(work))))


if __name__ == "__main__":
    main()
