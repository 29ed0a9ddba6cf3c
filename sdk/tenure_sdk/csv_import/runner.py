"""The run of an import: chunk after chunk, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog
from tenure_core.postgres.database import Database
from tenure_core.write.chunks import ErrorPolicy, write_rows
from tenure_sdk.csv_import.compiled_map import CompiledMap
from tenure_sdk.csv_import.counts import ImportCounts
from tenure_sdk.csv_import.csv_reader import CsvFile, open_csv
from tenure_sdk.csv_import.record_builder import Record, chunks, keyed_lines
from tenure_sdk.csv_import.rejects import Rejects

OnProgress = Callable[[ImportCounts, float], None]
"""Told of the totals and the share of the work that is done, now and then: what they count is committed."""


@dataclass(frozen=True)
class Import:
    """What to import, into what.

    Args:
        path: The file.
        recipe: What to make of its lines.
        rejects: Where the refused lines go.
        dry_run: Whether to write nothing, and only find out what would happen.
    """

    path: Path
    recipe: CompiledMap
    rejects: Path
    dry_run: bool


async def run(
    task: Import, database: Database, catalog: Catalog, actor: Actor, on_progress: OnProgress
) -> ImportCounts:
    """Import a file. Cut off anywhere, it can be run again: what was written is found by its key.

    A dry run writes each chunk and takes it back, so a record that the file itself would make in an earlier
    chunk is not there for later ones to refer to.

    Raises:
        FileError: The file can't be read to its end; the chunks before are written.
        MapError: The file lacks a column.
        DatabaseUnavailableError: The database went away; the chunks before are written.
    """
    totals = ImportCounts()
    refused_groups: dict[str, Sequence[str]] = {}

    def show(file: CsvFile) -> None:
        on_progress(totals, _share_done(task, file, totals))

    with (
        open_csv(task.path, task.recipe.map.encoding, task.recipe.map.delimiter, show) as file,
        Rejects(task.rejects, task.path, file.header) as rejects,
    ):
        task.recipe.refuse_header(file.header)
        for chunk in chunks(task.recipe, file, totals):
            await _write(task, database, catalog, actor, chunk, totals)
            for record in chunk:
                if record.problems and record.source:
                    rejects.add(record.source, record.problems)
                elif record.problems:
                    refused_groups[record.key] = record.problems
            show(file)
        if refused_groups:
            _reject_groups(task, rejects, refused_groups)
    if not task.dry_run:
        await database.analyze(task.recipe.entity.table.name, "external_ref")
    return totals


def _share_done(task: Import, file: CsvFile, totals: ImportCounts) -> float:
    if not task.recipe.map.group:
        return file.share_read
    handled = totals.written + totals.refused
    return 0.5 * file.share_read + 0.5 * handled / max(totals.groups, handled, 1)


async def _write(
    task: Import,
    database: Database,
    catalog: Catalog,
    actor: Actor,
    chunk: Sequence[Record],
    totals: ImportCounts,
) -> None:
    recipe, system = task.recipe, task.recipe.map.system
    sound = [record for record in chunk if not record.problems]
    rows = [
        {"match": {"externalRef": {"system": system, "id": record.key}}, **recipe.row(record.values)}
        for record in sound
    ]
    results = await write_rows(
        database, catalog, recipe.entity, actor, rows, policy=ErrorPolicy.IGNORE_FAILED, dry_run=task.dry_run
    )
    for record, result in zip(sound, results, strict=True):
        if result.refused:
            record.problems.extend(map(str, result.errors))
    totals.records.update(result.status for result in results if not result.refused)
    totals.refused += sum(bool(record.problems) for record in chunk)


def _reject_groups(task: Import, rejects: Rejects, reasons: Mapping[str, Sequence[str]]) -> None:
    """Go through the file again for all lines of the refused groups: a mended group needs them all."""
    with open_csv(task.path, task.recipe.map.encoding, task.recipe.map.delimiter) as file:
        for found in keyed_lines(task.recipe, file, ImportCounts()):
            if not isinstance(found, Record) and found[2] in reasons:
                rejects.add(found[0], reasons[found[2]])
