"""Progress: what an import shows while it runs, as a bar on a terminal and as lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from tenure_core.write.results import Status
from tenure_sdk.csv_import.counts import ImportCounts

SECONDS_BETWEEN_LINES = 1.0

LABELS = {
    Status.CREATED: "created",
    Status.UPDATED: "updated",
    Status.RESTORED: "restored",
    Status.NOOP: "unchanged",
}
DRY_LABELS = {
    Status.WOULD_CREATE: "created",
    Status.WOULD_UPDATE: "updated",
    Status.NOOP: "unchanged",
}


@contextmanager
def progress() -> Iterator[Callable[[ImportCounts, float], None]]:
    """Show a run's progress on stderr; yields what to call with the totals and the share that is done."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task, began = bar.add_task("", total=1.0), time.monotonic()
        yield lambda totals, share: bar.update(task, completed=share, description=_state(totals, began))


class _Lines:
    """A line per second."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._next = self._began

    def __call__(self, totals: ImportCounts, share: float) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SECONDS_BETWEEN_LINES
            typer.echo(f"{share:4.0%}  {_state(totals, self._began)}", err=True)


def _state(totals: ImportCounts, began: float) -> str:
    seconds = max(time.monotonic() - began, 0.001)
    speed = f"{totals.lines / seconds:,.0f} lines/s"
    return f"{totals.lines:,} lines read, {totals.written:,} records written ({speed})"


def summary(totals: ImportCounts, rejects: object, dry_run: bool) -> str:
    """Return the table of what a run has done.

    Args:
        totals: What it has done.
        rejects: Where the refused lines are.
        dry_run: Whether it only tried.
    """
    records, labels = ("records that would be", DRY_LABELS) if dry_run else ("records", LABELS)
    table = {
        "lines read": totals.lines,
        "lines left out by `where`": totals.left_out,
        **{f"{records} {label}": totals.records[status] for status, label in labels.items()},
        f"{records} refused": totals.refused,
    }
    width = max(map(len, table))
    told = "\n".join(f"{label:<{width}}  {count:>12,}" for label, count in table.items())
    return f"{told}\nThe refused lines are in {rejects}." if totals.refused else told
