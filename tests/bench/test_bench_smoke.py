"""The benchmark runs with little data, and compares the responses of the servers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).parent / "run.py"
ROWS = (
    "throughput to the bare route",
    "throughput to the plain server",
    "one account by id",
    "latency of page 50 to page 1",
    "start to the first response",
    "resident after it",
    "new rows to bare inserts",
    "the same rows again to new ones",
    "changes captured of the same rows",
    "NDJSON stream, 12 fields a row",
    "NDJSON stream: growth of the server",
    "throughput to the bare SELECT",
    "statements per root field",
    "with the pack: start takes longer by",
    "throughput to the bare statement",
    "meter readings: new rows to bare inserts",
    "statements of a query across core and pack",
)


def test_the_benchmark_measures_every_bar(empty_database_url: str) -> None:
    environment = os.environ | {"TENURE_BENCH_DATABASE_URL": empty_database_url}
    done = subprocess.run(
        [sys.executable, RUN, "--tiny"], env=environment, capture_output=True, text=True, check=False
    )
    table = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert done.stderr == ""
    assert [row for row in ROWS if not any(row in line for line in table)] == []
    assert done.returncode == int("MISSED" in "".join(table))
