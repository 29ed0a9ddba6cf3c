"""The manufacturing pack: what it costs at the start, in a question across core and pack, and in a stream."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from load import Target
from measures import Bench, one_start, ratio, throughput
from pack_data import PACK, loaded_pack
from pack_stream import stream_of_readings
from questions import MACHINES, body
from report import Row, at_least, at_most
from servers import ask, tenure
from statements import statements_of

from tenure_schema.http.graphql_request import GraphQLRequest


def pack_rows(bench: Bench) -> Iterator[Row]:
    """Measure the pack, one row after the other.

    Args:
        bench: What is measured; the bare server answers at `/machines`.
    """
    yield start_with_pack(bench)
    with tenure(bench.data, PACK) as server:
        yield nested_across(bench, Target(server.port, bench.tenure.path, bench.data.key))
        chunks = max(2, round(bench.seconds * 100 / 3))
        yield stream_of_readings(bench.data.url, server.port, bench.rounds, chunks)
    count = statements_of(bench.data, loaded_pack(), {MACHINES: 1})
    yield at_most("statements of a question across core and pack", count, 1)


def start_with_pack(bench: Bench) -> Row:
    """Measure how much longer the start to the first answer takes with the pack than without."""
    found = [(one_start(bench)[0], one_start(bench, PACK)[0]) for _ in range(bench.rounds + 1)]
    longer = statistics.median(with_pack - alone for alone, with_pack in found[1:])
    alone, with_pack = (statistics.median(seconds) for seconds in zip(*found[1:], strict=True))
    shown = f"alone {alone:.2f} s, with it {with_pack:.2f} s"
    return at_most("`tenure serve` with the pack: start takes longer by", longer, 0.5, " s", shown)


def nested_across(bench: Bench, target: Target) -> Row:
    """Measure a nested question across core and pack against its bare statement."""
    question = GraphQLRequest(MACHINES, {})
    targets = {"tenure": target, "bare": bench.bare_route("/machines")}
    answers = {name: ask(one, question) for name, one in targets.items()}
    assert answers["tenure"] == b'{"data":{"accounts":' + answers["bare"] + b"}}", "the bare route differs"
    speed = throughput(bench, targets, [body(question)])
    shown = ", ".join(f"{name} {statistics.median(speeds):.0f}/s" for name, speeds in speed.items())
    what = f"accounts, machines, open work and readings, {len(answers['tenure']) // 1000} KB: throughput to"
    return at_least(f"{what} the bare statement", ratio(speed["tenure"], speed["bare"]), 0.8, shown)
