"""Measures NDJSON streams against bare inserts, and the memory of the server during a stream."""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Iterable, Iterator

import orjson
from data import Data
from load import Target
from report import Row, at_least, at_most
from servers import Server, tenure
from writes import ROWS, open_connection, time_bare_inserts, values

from tenure_core.access.api_keys import create_key, ensure_tenant
from tenure_core.access.identity import Role

PATH = "/bulk/Account"


def measure_stream(data: Data, server: Target, rounds: int, chunks: int) -> Row:
    """Measure a stream of new rows against bare inserts.

    Args:
        data: The data.
        server: The server.
        rounds: Number of rounds.
        chunks: Number of rows per round, in thousands.
    """
    name = f"bench of streams {uuid.uuid4()}"
    tenant = ensure_tenant(data.url, name)
    target = Target(server.port, PATH, create_key(data.url, name, Role.ADMIN, "bench", "bench").secret)
    _time_stream(target, _account_numbers(2))
    durations = []
    for _ in range(rounds):
        numbers = _account_numbers(chunks)
        durations.append((time_bare_inserts(data, tenant, numbers), _time_stream(target, numbers)))
    ratio = statistics.median(bare / streamed for bare, streamed in durations)
    bare, streamed = (statistics.median(seconds) for seconds in zip(*durations, strict=True))
    detail = f"bare {chunks * ROWS / bare:.0f} rows/s, stream {chunks * ROWS / streamed:.0f}"
    return at_least("NDJSON stream, 12 fields a row: new rows to bare inserts", ratio, 0.6, detail)


def measure_stream_memory(data: Data, chunks: int) -> Row:
    """Measure the memory growth of a new server during a stream.

    Args:
        data: The data.
        chunks: Number of rows, in thousands.
    """
    name = f"bench of memory {uuid.uuid4()}"
    key = create_key(data.url, name, Role.ADMIN, "bench", "bench").secret
    with tenure(data) as server:
        target = Target(server.port, PATH, key)
        post_lines(target, [_lines(numbers) for numbers in _account_numbers(2)])
        before = server.resident_megabytes
        sizes = [before]
        response = post_lines(target, _lines_with_memory(server, sizes, chunks))
    rows = chunks * ROWS
    assert response.count(b'"status":"CREATED"') == rows, response[-500:]
    what = f"NDJSON stream: growth of the server over {rows:,} rows"
    return at_most(what, max(sizes) - before, 50, " MB")


def _lines_with_memory(server: Server, sizes: list[float], chunks: int) -> Iterator[bytes]:
    """Yield the lines of a stream, and append the memory of the server after each chunk."""
    for numbers in _account_numbers(chunks):
        yield _lines(numbers)
        sizes.append(server.resident_megabytes)


def _account_numbers(chunks: int) -> list[range]:
    start = uuid.uuid4().int % 10**9
    return [range(start + chunk * ROWS, start + (chunk + 1) * ROWS) for chunk in range(chunks)]


def _lines(numbers: range) -> bytes:
    match = {"system": "bench", "id": ""}
    return b"".join(
        orjson.dumps({"match": {"externalRef": {**match, "id": str(number)}}, **values(number)}) + b"\n"
        for number in numbers
    )


def _time_stream(target: Target, numbers: list[range]) -> float:
    pieces = [_lines(chunk) for chunk in numbers]
    started = time.perf_counter()
    response = post_lines(target, pieces)
    seconds = time.perf_counter() - started
    assert response.count(b'"status":"CREATED"') == len(numbers) * ROWS, response[-500:]
    return seconds


def post_lines(target: Target, pieces: Iterable[bytes]) -> bytes:
    """Return the response to a stream of lines."""
    headers = {"Authorization": f"Bearer {target.key}", "Content-Type": "application/x-ndjson"}
    with open_connection(target) as connection:
        connection.request("POST", target.path, pieces, headers, encode_chunked=True)
        return connection.getresponse().read()
