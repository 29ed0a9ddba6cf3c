"""The measurements of the manufacturing pack: startup, a query of core and pack, and a stream."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from load import Target
from measures import Bench, ratio, start_once, throughput
from pack_data import PACK, load_pack
from pack_stream import measure_reading_stream
from queries import MACHINES, body
from report import Row, at_least, at_most
from servers import send, tenure
from statements import count_statements

from tenure_schema.http.graphql_request import GraphQLRequest


def pack_rows(bench: Bench) -> Iterator[Row]:
    """Measure the pack, one row after the other.

    Args:
        bench: What is measured; the bare server answers at `/machines`.
    """
    yield measure_start_with_pack(bench)
    with tenure(bench.data, PACK) as server:
        yield measure_nested_query(bench, Target(server.port, bench.tenure.path, bench.data.key))
        chunks = max(2, round(bench.seconds * 100 / 3))
        yield measure_reading_stream(bench.data.url, server.port, bench.rounds, chunks)
    count = count_statements(bench.data, load_pack(), {MACHINES: 1})
    yield at_most("statements of a query across core and pack", count, 1)


def measure_start_with_pack(bench: Bench) -> Row:
    """Measure the additional time to the first response with the pack."""
    seconds = [(start_once(bench)[0], start_once(bench, PACK)[0]) for _ in range(bench.rounds + 1)]
    longer = statistics.median(with_pack - alone for alone, with_pack in seconds[1:])
    alone, with_pack = (statistics.median(values) for values in zip(*seconds[1:], strict=True))
    detail = f"alone {alone:.2f} s, with it {with_pack:.2f} s"
    return at_most("`tenure serve` with the pack: start takes longer by", longer, 0.5, " s", detail)


def measure_nested_query(bench: Bench, target: Target) -> Row:
    """Measure a nested query of core and pack against its bare statement."""
    request = GraphQLRequest(MACHINES, {})
    targets = {"tenure": target, "bare": bench.bare_route("/machines")}
    responses = {name: send(server, request) for name, server in targets.items()}
    assert responses["tenure"] == b'{"data":{"accounts":' + responses["bare"] + b"}}", (
        "the bare route differs"
    )
    speed = throughput(bench, targets, [body(request)])
    detail = ", ".join(f"{name} {statistics.median(speeds):.0f}/s" for name, speeds in speed.items())
    what = f"accounts, machines, open work and readings, {len(responses['tenure']) // 1000} KB: throughput to"
    return at_least(f"{what} the bare statement", ratio(speed["tenure"], speed["bare"]), 0.8, detail)
