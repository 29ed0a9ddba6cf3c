"""`make bench`: compares Tenure with a bare route and a plain server, and reports which bars are missed.

The data is in an embedded PostgreSQL for benchmarks. TENURE_BENCH_DATABASE_URL is the URL of another server,
with the login of a superuser.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from data import Data, prepare
from load import Target
from measures import Bench
from pack import pack_rows
from pack_data import prepare_pack
from report import Row, environment, table
from servers import tenure, uvicorn

from tenure_core.postgres.embedded import EmbeddedPostgres

HERE = Path(__file__).parent
HOME = HERE.parent.parent / ".tenure" / "bench"
RESULTS = HERE / "RESULTS.md"

ACCOUNTS, ROUNDS, SECONDS = 20_000, 5, 3.0
TINY_ACCOUNTS, TINY_ROUNDS, TINY_SECONDS = 200, 1, 0.05


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the URL of the PostgreSQL server."""
    if url := os.environ.get("TENURE_BENCH_DATABASE_URL"):
        yield url
    else:
        with EmbeddedPostgres(HOME) as server:
            yield server.url


def measure(data: Data, rounds: int, seconds: float) -> list[Row]:
    """Start the servers, take all measurements, and print each row."""
    rows: list[Row] = []
    with tenure(data) as server, uvicorn("bare_server", data) as bare, uvicorn("orm_server", data) as orm:
        target, plain = Target(server.port, "/graphql", data.key), Target(orm.port, "/graphql", data.key)
        bench = Bench(data, target, bare.port, plain, rounds, seconds)
        for row in chain(bench.rows(), pack_rows(bench)):
            print(f"{'ok' if row.ok else 'MISSED':6} {row.what}: {row.measured}, bar {row.bar}", flush=True)
            rows.append(row)
    return rows


def main() -> int:
    """Run the benchmark; return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="Run with little data and one round.")
    tiny = parser.parse_args().tiny
    with postgres() as url:
        data = prepare(url, TINY_ACCOUNTS if tiny else ACCOUNTS)
        prepare_pack(url, data.tenant_id)
        rows = measure(data, *((TINY_ROUNDS, TINY_SECONDS) if tiny else (ROUNDS, SECONDS)))
        report = f"{table(rows)}\n\nMeasured on {environment(url)}."
    print(f"\n{report}")
    if not tiny:
        RESULTS.write_text(f"# `make bench`, the last run\n\n{report}\n")
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
