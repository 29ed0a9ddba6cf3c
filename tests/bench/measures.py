"""The measures: what is asked of which server, and the row that comes of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import orjson
import psycopg
from data import Data
from following import following
from load import Result, Target, load
from questions import ACCOUNT, CURSORS, NESTED, PAGE, body
from report import Row, at_least, at_most
from servers import ask, tenure
from statements import statements_per_root_field
from streams import memory_of_a_stream, stream
from writes import bulk_upserts

from tenure_schema.http.graphql_request import GraphQLRequest

CONNECTIONS = 8
IDS = 2_000
"""How many accounts are asked for by id, drawn at random."""

PAGE_SIZE = 4
LAST_PAGES = 200
"""How many pages, up to the farthest, are asked for in turn: a client never sends a cursor twice."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured, and how long.

    Args:
        data: The data.
        tenure: Where Tenure answers.
        bare: The port of the bare server.
        orm: Where the plain server answers.
        rounds: How many times the ways take turns.
        seconds: How long each way is measured in each round.
    """

    data: Data
    tenure: Target
    bare: int
    orm: Target
    rounds: int
    seconds: float

    def bare_route(self, path: str) -> Target:
        """Return where the bare server answers one question."""
        return Target(self.bare, path, self.data.key)

    def rows(self) -> Iterator[Row]:
        """Measure everything, one row after the other."""
        yield from nested_list(self)
        yield one_account(self)
        yield far_page(self)
        yield from start(self)
        most = statements_per_root_field(self.data)
        yield from bulk_upserts(self.data, self.tenure, self.rounds, max(1, round(self.seconds * 3)))
        yield stream(self.data, self.tenure, self.rounds, max(2, round(self.seconds * 10)))
        yield memory_of_a_stream(self.data, round(self.seconds * 500 / 3))
        yield following(self.data, self.tenure, self.rounds, 2_000 * max(1, round(self.seconds * 17)))
        yield at_most("statements per root field, whatever is nested in it", most, 1)


Ways = Mapping[str, Callable[[], Result]]


def take_turns(ways: Ways, rounds: int) -> dict[str, list[Result]]:
    """Measure each way once per round, in the opposite order every other round, so that none is favoured."""
    found: dict[str, list[Result]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for turn in range(rounds):
        for name in list(ways) if turn % 2 == 0 else reversed(list(ways)):
            found[name].append(ways[name]())
    return found


def ratio(of: list[float], to: list[float]) -> float:
    """Return the median of the rounds' ratios: what else the machine does weighs on both sides of each."""
    return statistics.median(a / b for a, b in zip(of, to, strict=True))


def nested_list(bench: Bench) -> Iterator[Row]:
    """Measure the nested list against the bare route and against the plain server."""
    question = GraphQLRequest(NESTED, {})
    targets = {"tenure": bench.tenure, "bare": bench.bare_route("/nested"), "plain": bench.orm}
    answers = {name: ask(target, question) for name, target in targets.items()}
    assert answers["tenure"] == b'{"data":{"accounts":' + answers["bare"] + b"}}", "the bare route differs"
    assert orjson.loads(answers["tenure"]) == orjson.loads(answers["plain"]), "the plain server differs"
    speed = throughput(bench, targets, [body(question)])
    shown = ", ".join(f"{name} {statistics.median(speeds):.0f}/s" for name, speeds in speed.items())
    what = f"nested list, {len(answers['tenure']) // 1000} KB, {CONNECTIONS} connections: throughput to the"
    yield at_least(f"{what} bare route", ratio(speed["tenure"], speed["bare"]), 0.8, shown)
    yield at_least(f"{what} plain server", ratio(speed["tenure"], speed["plain"]), 20, shown)


def one_account(bench: Bench) -> Row:
    """Measure one account by its id against the bare route."""
    questions = [GraphQLRequest(ACCOUNT, {"id": id_}) for id_ in _some_ids(bench.data)]
    targets = {"tenure": bench.tenure, "bare": bench.bare_route("/account")}
    answers = {name: ask(target, questions[0]) for name, target in targets.items()}
    assert answers["tenure"] == b'{"data":{"account":' + answers["bare"] + b"}}", "the bare route differs"
    speed = throughput(bench, targets, [body(question) for question in questions])
    shown = ", ".join(f"{name} {statistics.median(speeds):.0f}/s" for name, speeds in speed.items())
    what = f"one account by id, {CONNECTIONS} connections: throughput to the bare route"
    return at_least(what, ratio(speed["tenure"], speed["bare"]), 0.6, shown)


def throughput(bench: Bench, targets: Mapping[str, Target], bodies: list[bytes]) -> dict[str, list[float]]:
    """Return how many answers each way gives in a second, round by round."""

    def way(target: Target) -> Callable[[], Result]:
        return lambda: load(target, bodies, CONNECTIONS, bench.seconds)

    found = take_turns({name: way(target) for name, target in targets.items()}, bench.rounds)
    return {name: [result.per_second for result in results] for name, results in found.items()}


def _some_ids(data: Data) -> list[str]:
    with psycopg.connect(data.url) as connection:
        found = connection.execute(
            "SELECT id FROM account WHERE tenant_id = %s ORDER BY random() LIMIT %s", (data.tenant_id, IDS)
        )
        return [str(id_) for (id_,) in found]


def far_page(bench: Bench) -> Row:
    """Measure how much longer a page far behind takes than the first one."""
    last = bench.data.accounts // PAGE_SIZE
    cursors = _cursors_before(bench.tenure, last)
    near, *far = (body(GraphQLRequest(PAGE, {"after": cursor})) for cursor in [None, *cursors])
    found = take_turns(
        {
            "page 1": lambda: load(bench.tenure, [near], 1, bench.seconds),
            f"page {last}": lambda: load(bench.tenure, far, 1, bench.seconds),
        },
        bench.rounds,
    )
    latency = {name: [r.milliseconds for r in results] for name, results in found.items()}
    shown = ", ".join(f"{name} {statistics.median(times):.2f} ms" for name, times in latency.items())
    first, behind = latency.values()
    what = f"accounts by name: latency of page {last} to page 1"
    return at_most(what, ratio(behind, first), 1.5, detail=shown)


def _cursors_before(target: Target, last: int) -> Iterator[str]:
    """Yield the cursors after which the last pages begin, the page of that number being the last of them."""
    after, seen = None, 0
    while seen < (last - 1) * PAGE_SIZE:
        answer = orjson.loads(ask(target, GraphQLRequest(CURSORS, {"after": after})))
        edges = answer["data"]["accounts"]["edges"]
        for edge in edges:
            seen += 1
            after = edge["cursor"]
            if seen % PAGE_SIZE == 0 and last - LAST_PAGES <= seen // PAGE_SIZE < last:
                yield after


def start(bench: Bench) -> Iterator[Row]:
    """Measure the start of `tenure serve` to its first answer, and the memory that it then holds."""
    seconds, megabytes = zip(*(one_start(bench) for _ in range(bench.rounds + 1)), strict=True)
    what = "`tenure serve`:"
    yield at_most(f"{what} start to the first answered query", statistics.median(seconds[1:]), 3, " s")
    yield at_most(f"{what} resident after it", statistics.median(megabytes[1:]), 200, " MB")


def one_start(bench: Bench, plugins: str = "") -> tuple[float, float]:
    """Return how many seconds a start takes to its first answer, and how many megabytes it then holds."""
    started = time.perf_counter()
    with tenure(bench.data, plugins) as server:
        ask(Target(server.port, bench.tenure.path, bench.data.key), GraphQLRequest(NESTED, {}))
        return time.perf_counter() - started, server.resident_megabytes
