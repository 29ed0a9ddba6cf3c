"""The stream that is measured: rows without end as NDJSON, beside bare inserts, and what memory it takes."""

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
from writes import ROWS, bare_inserts, connected, values

from tenure_core.access.api_keys import create_key, ensure_tenant
from tenure_core.access.identity import Role

PATH = "/bulk/Account"


def stream(data: Data, server: Target, rounds: int, chunks: int) -> Row:
    """Measure a stream of new rows against bare inserts.

    Args:
        data: Where the database is.
        server: Where Tenure answers.
        rounds: How many times the ways take turns.
        chunks: How many thousands of rows each way writes in a round.
    """
    name = f"bench of streams {uuid.uuid4()}"
    tenant = ensure_tenant(data.url, name)
    target = Target(server.port, PATH, create_key(data.url, name, Role.ADMIN, "bench", "bench").secret)
    _streamed(target, _numbers(2))
    found = []
    for _ in range(rounds):
        numbers = _numbers(chunks)
        found.append((bare_inserts(data, tenant, numbers), _streamed(target, numbers)))
    ratio = statistics.median(bare / streamed for bare, streamed in found)
    bare, streamed = (statistics.median(seconds) for seconds in zip(*found, strict=True))
    shown = f"bare {chunks * ROWS / bare:.0f} rows/s, stream {chunks * ROWS / streamed:.0f}"
    return at_least("NDJSON stream, 12 fields a row: new rows to bare inserts", ratio, 0.6, shown)


def memory_of_a_stream(data: Data, chunks: int) -> Row:
    """Measure how much a server of its own grows while it takes a stream.

    Args:
        data: Where the database is.
        chunks: How many thousands of rows the stream has.
    """
    name = f"bench of memory {uuid.uuid4()}"
    key = create_key(data.url, name, Role.ADMIN, "bench", "bench").secret
    with tenure(data) as server:
        target = Target(server.port, PATH, key)
        posted_lines(target, [_lines(numbers) for numbers in _numbers(2)])
        before = server.resident_megabytes
        seen = [before]
        answer = posted_lines(target, _watched(server, seen, chunks))
    rows = chunks * ROWS
    assert answer.count(b'"status":"CREATED"') == rows, answer[-500:]
    what = f"NDJSON stream: growth of the server over {rows:,} rows"
    return at_most(what, max(seen) - before, 50, " MB")


def _watched(server: Server, seen: list[float], chunks: int) -> Iterator[bytes]:
    for numbers in _numbers(chunks):
        yield _lines(numbers)
        seen.append(server.resident_megabytes)


def _numbers(chunks: int) -> list[range]:
    start = uuid.uuid4().int % 10**9
    return [range(start + chunk * ROWS, start + (chunk + 1) * ROWS) for chunk in range(chunks)]


def _lines(numbers: range) -> bytes:
    match = {"system": "bench", "id": ""}
    return b"".join(
        orjson.dumps({"match": {"externalRef": {**match, "id": str(number)}}, **values(number)}) + b"\n"
        for number in numbers
    )


def _streamed(target: Target, numbers: list[range]) -> float:
    pieces = [_lines(some) for some in numbers]
    started = time.perf_counter()
    answer = posted_lines(target, pieces)
    seconds = time.perf_counter() - started
    assert answer.count(b'"status":"CREATED"') == len(numbers) * ROWS, answer[-500:]
    return seconds


def posted_lines(target: Target, pieces: Iterable[bytes]) -> bytes:
    """Return the answer to a stream of lines."""
    headers = {"Authorization": f"Bearer {target.key}", "Content-Type": "application/x-ndjson"}
    with connected(target) as connection:
        connection.request("POST", target.path, pieces, headers, encode_chunked=True)
        return connection.getresponse().read()
