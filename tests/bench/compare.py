"""`make bench BASE=CHECKOUT`: runs the benchmarks of another checkout and of this one in turn.

Both measure ratios to the same bare routes, so their rows can be compared. Rows are paired by their
position. The other checkout needs its own `.venv`, as `make .venv/installed` creates it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"(?:ok|MISSED)\s+(?P<what>.+): (?P<measured>[\d.]+.*), bar (?P<bar>[<>]= \S+.*)")

Rows = list[tuple[str, str, str]]
"""What was measured, the measured value and the bar of each row."""


def run(checkout: Path) -> Rows:
    """Run the benchmark of a checkout and return its rows."""
    command = [checkout / ".venv/bin/python", checkout / "tests/bench/run.py"]
    process = subprocess.run(command, cwd=checkout, stdout=subprocess.PIPE, text=True, check=False)
    rows = [
        match.group("what", "measured", "bar")
        for match in map(ROW.match, process.stdout.splitlines())
        if match
    ]
    if not rows:
        sys.exit(f"The benchmark of {checkout} printed no row. Run `make bench` there.")
    return rows


def main() -> None:
    """Print a line per row, with the values of both checkouts in the order of the runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", type=Path, help="The other checkout.")
    parser.add_argument("--passes", type=int, default=1, help="Runs of each checkout; 1 by default.")
    arguments = parser.parse_args()
    passes = [(run(arguments.base), run(ROOT)) for _ in range(arguments.passes)]
    for position, (what, _, bar) in enumerate(passes[0][1]):
        print(f"{what} (bar {bar})")
        for base, current in passes:
            print(f"  base {base[position][1]}\n  this {current[position][1]}")


if __name__ == "__main__":
    main()
