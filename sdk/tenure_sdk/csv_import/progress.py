"""Progress output of an import: a progress bar on a terminal, lines elsewhere, and a final summary."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from tenure_core.write.results import Status
from tenure_sdk.csv_import.counts import ImportCounts

INTERVAL_SECONDS = 1.0

LABELS = {
    Status.CREATED: "created",
    Status.UPDATED: "updated",
    Status.RESTORED: "restored",
    Status.NOOP: "unchanged",
}
DRY_RUN_LABELS = {
    Status.WOULD_CREATE: "created",
    Status.WOULD_UPDATE: "updated",
    Status.NOOP: "unchanged",
}


@contextmanager
def show_progress() -> Iterator[Callable[[ImportCounts, float], None]]:
    """Show progress on stderr; yield a function that takes the counts and the completed fraction (0 to 1)."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _LineProgress()
        return
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task, start = bar.add_task("", total=1.0), time.monotonic()
        yield lambda counts, fraction: bar.update(
            task, completed=fraction, description=_describe(counts, start)
        )


class _LineProgress:
    """Prints one line per interval."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._next = self._start

    def __call__(self, counts: ImportCounts, fraction: float) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + INTERVAL_SECONDS
            typer.echo(f"{fraction:4.0%}  {_describe(counts, self._start)}", err=True)


def _describe(counts: ImportCounts, start: float) -> str:
    seconds = max(time.monotonic() - start, 0.001)
    speed = f"{counts.lines / seconds:,.0f} lines/s"
    return f"{counts.lines:,} lines read, {counts.record_count:,} records written ({speed})"


def format_summary(counts: ImportCounts, rejects: object, dry_run: bool) -> str:
    """Return the summary of an import as a table.

    Args:
        counts: The final counts.
        rejects: The path of the rejects file.
        dry_run: Whether the import was a dry run.
    """
    records, labels = ("records that would be", DRY_RUN_LABELS) if dry_run else ("records", LABELS)
    table = {
        "lines read": counts.lines,
        "lines skipped by `where`": counts.skipped,
        **{f"{records} {label}": counts.records[status] for status, label in labels.items()},
        f"{records} rejected": counts.rejected,
    }
    width = max(map(len, table))
    text = "\n".join(f"{label:<{width}}  {count:>12,}" for label, count in table.items())
    return f"{text}\nThe rejected lines are in {rejects}." if counts.rejected else text
