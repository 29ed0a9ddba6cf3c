"""`make bench`: measures Tenure beside a bare route and a plain server, and says which bars are reached.

The data lies in an embedded PostgreSQL of its own; TENURE_BENCH_DATABASE_URL names another, as a superuser.
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
from report import Row, surroundings, table
from servers import tenure, uvicorn

from tenure_core.postgres.embedded import EmbeddedPostgres

HERE = Path(__file__).parent
HOME = HERE.parent.parent / ".tenure" / "bench"
RESULTS = HERE / "RESULTS.md"

ACCOUNTS, ROUNDS, SECONDS = 20_000, 5, 3.0
TINY_ACCOUNTS, TINY_ROUNDS, TINY_SECONDS = 200, 1, 0.05


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the URL of the PostgreSQL to measure on."""
    if given := os.environ.get("TENURE_BENCH_DATABASE_URL"):
        yield given
    else:
        with EmbeddedPostgres(HOME) as server:
            yield server.url


def measured(data: Data, rounds: int, seconds: float) -> list[Row]:
    """Start the servers, measure everything, and print each row as it is known."""
    rows: list[Row] = []
    with tenure(data) as ours, uvicorn("bare_server", data) as bare, uvicorn("orm_server", data) as orm:
        target, plain = Target(ours.port, "/graphql", data.key), Target(orm.port, "/graphql", data.key)
        bench = Bench(data, target, bare.port, plain, rounds, seconds)
        for row in chain(bench.rows(), pack_rows(bench)):
            print(f"{'ok' if row.ok else 'MISSED':6} {row.what}: {row.measured}, bar {row.bar}", flush=True)
            rows.append(row)
    return rows


def main() -> int:
    """Run the benchmark; return 0 where every bar is reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="Little data and one round, to see that it runs.")
    tiny = parser.parse_args().tiny
    with postgres() as url:
        data = prepare(url, TINY_ACCOUNTS if tiny else ACCOUNTS)
        prepare_pack(url, data.tenant_id)
        rows = measured(data, *((TINY_ROUNDS, TINY_SECONDS) if tiny else (ROUNDS, SECONDS)))
        found = f"{table(rows)}\n\nMeasured on {surroundings(url)}."
    print(f"\n{found}")
    if not tiny:
        RESULTS.write_text(f"# `make bench`, the last run\n\n{found}\n")
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
