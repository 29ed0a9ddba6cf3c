"""The measurements of core, each with the row that it adds to the report."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import orjson
import psycopg
from change_feed import measure_change_feed
from data import Data
from load import Result, Target, load
from queries import ACCOUNT, CURSORS, NESTED, PAGE, body
from report import Row, at_least, at_most
from servers import send, tenure
from statements import statements_per_root_field
from streams import measure_stream, measure_stream_memory
from writes import measure_bulk_upserts

from tenure_schema.http.graphql_request import GraphQLRequest

CONNECTIONS = 8
IDS = 2_000
"""Number of random accounts that are read by id."""

PAGE_SIZE = 4
LAST_PAGES = 200
"""Number of pages that are read in turn, because a client never sends a cursor twice."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The measured servers, and the duration of measurements.

    Args:
        data: The data.
        tenure: Tenure.
        bare: The port of the bare server.
        orm: The plain server.
        rounds: Number of rounds.
        seconds: Duration of each measurement in a round.
    """

    data: Data
    tenure: Target
    bare: int
    orm: Target
    rounds: int
    seconds: float

    def bare_route(self, path: str) -> Target:
        """Return a route of the bare server."""
        return Target(self.bare, path, self.data.key)

    def rows(self) -> Iterator[Row]:
        """Take all measurements."""
        yield from measure_nested_list(self)
        yield measure_one_account(self)
        yield measure_distant_page(self)
        yield from measure_start(self)
        statements = statements_per_root_field(self.data)
        yield from measure_bulk_upserts(self.data, self.tenure, self.rounds, max(1, round(self.seconds * 3)))
        yield measure_stream(self.data, self.tenure, self.rounds, max(2, round(self.seconds * 10)))
        yield measure_stream_memory(self.data, round(self.seconds * 500 / 3))
        yield measure_change_feed(
            self.data, self.tenure, self.rounds, 2_000 * max(1, round(self.seconds * 17))
        )
        yield at_most("statements per root field, whatever is nested in it", statements, 1)


Measurements = Mapping[str, Callable[[], Result]]


def take_turns(measurements: Measurements, rounds: int) -> dict[str, list[Result]]:
    """Run each measurement once per round, in reverse order in every other round."""
    results: dict[str, list[Result]] = {name: [] for name in measurements}
    for measure in measurements.values():
        measure()
    for turn in range(rounds):
        for name in list(measurements) if turn % 2 == 0 else reversed(list(measurements)):
            results[name].append(measurements[name]())
    return results


def ratio(of: list[float], to: list[float]) -> float:
    """Return the median of the ratios of all rounds, so that other load on the machine affects both sides."""
    return statistics.median(a / b for a, b in zip(of, to, strict=True))


def measure_nested_list(bench: Bench) -> Iterator[Row]:
    """Measure the nested list against the bare route and against the plain server."""
    request = GraphQLRequest(NESTED, {})
    targets = {"tenure": bench.tenure, "bare": bench.bare_route("/nested"), "plain": bench.orm}
    responses = {name: send(target, request) for name, target in targets.items()}
    assert responses["tenure"] == b'{"data":{"accounts":' + responses["bare"] + b"}}", (
        "the bare route differs"
    )
    assert orjson.loads(responses["tenure"]) == orjson.loads(responses["plain"]), "the plain server differs"
    speed = throughput(bench, targets, [body(request)])
    detail = ", ".join(f"{name} {statistics.median(speeds):.0f}/s" for name, speeds in speed.items())
    what = f"nested list, {len(responses['tenure']) // 1000} KB, {CONNECTIONS} connections: throughput to the"
    yield at_least(f"{what} bare route", ratio(speed["tenure"], speed["bare"]), 0.8, detail)
    yield at_least(f"{what} plain server", ratio(speed["tenure"], speed["plain"]), 20, detail)


def measure_one_account(bench: Bench) -> Row:
    """Measure one account by its id against the bare route."""
    requests = [GraphQLRequest(ACCOUNT, {"id": id_}) for id_ in _random_ids(bench.data)]
    targets = {"tenure": bench.tenure, "bare": bench.bare_route("/account")}
    responses = {name: send(target, requests[0]) for name, target in targets.items()}
    assert responses["tenure"] == b'{"data":{"account":' + responses["bare"] + b"}}", "the bare route differs"
    speed = throughput(bench, targets, [body(request) for request in requests])
    detail = ", ".join(f"{name} {statistics.median(speeds):.0f}/s" for name, speeds in speed.items())
    what = f"one account by id, {CONNECTIONS} connections: throughput to the bare route"
    return at_least(what, ratio(speed["tenure"], speed["bare"]), 0.7, detail)


def throughput(bench: Bench, targets: Mapping[str, Target], bodies: list[bytes]) -> dict[str, list[float]]:
    """Return the responses per second of each target, by round."""

    def measure(target: Target) -> Callable[[], Result]:
        return lambda: load(target, bodies, CONNECTIONS, bench.seconds)

    results = take_turns({name: measure(target) for name, target in targets.items()}, bench.rounds)
    return {name: [result.per_second for result in rounds] for name, rounds in results.items()}


def _random_ids(data: Data) -> list[str]:
    with psycopg.connect(data.url) as connection:
        rows = connection.execute(
            "SELECT id FROM account WHERE tenant_id = %s ORDER BY random() LIMIT %s", (data.tenant_id, IDS)
        )
        return [str(id_) for (id_,) in rows]


def measure_distant_page(bench: Bench) -> Row:
    """Measure the latency of a distant page relative to the first page."""
    last = bench.data.accounts // PAGE_SIZE
    cursors = _cursors_before(bench.tenure, last)
    first_body, *last_bodies = (body(GraphQLRequest(PAGE, {"after": cursor})) for cursor in [None, *cursors])
    results = take_turns(
        {
            "page 1": lambda: load(bench.tenure, [first_body], 1, bench.seconds),
            f"page {last}": lambda: load(bench.tenure, last_bodies, 1, bench.seconds),
        },
        bench.rounds,
    )
    latency = {name: [result.milliseconds for result in rounds] for name, rounds in results.items()}
    detail = ", ".join(f"{name} {statistics.median(times):.2f} ms" for name, times in latency.items())
    first, distant = latency.values()
    what = f"accounts by name: latency of page {last} to page 1"
    return at_most(what, ratio(distant, first), 1.5, detail=detail)


def _cursors_before(target: Target, last: int) -> Iterator[str]:
    """Yield the cursors before each of the last pages, up to the page of the given number."""
    after, count = None, 0
    while count < (last - 1) * PAGE_SIZE:
        response = orjson.loads(send(target, GraphQLRequest(CURSORS, {"after": after})))
        edges = response["data"]["accounts"]["edges"]
        for edge in edges:
            count += 1
            after = edge["cursor"]
            if count % PAGE_SIZE == 0 and last - LAST_PAGES <= count // PAGE_SIZE < last:
                yield after


def measure_start(bench: Bench) -> Iterator[Row]:
    """Measure the time from the start of `tenure serve` to its first response, and its memory."""
    seconds, megabytes = zip(*(start_once(bench) for _ in range(bench.rounds + 1)), strict=True)
    what = "`tenure serve`:"
    yield at_most(f"{what} start to the first response", statistics.median(seconds[1:]), 3, " s")
    yield at_most(f"{what} resident after it", statistics.median(megabytes[1:]), 200, " MB")


def start_once(bench: Bench, plugins: str = "") -> tuple[float, float]:
    """Return the seconds until the first response, and the resident megabytes after it."""
    started = time.perf_counter()
    with tenure(bench.data, plugins) as server:
        send(Target(server.port, bench.tenure.path, bench.data.key), GraphQLRequest(NESTED, {}))
        return time.perf_counter() - started, server.resident_megabytes
