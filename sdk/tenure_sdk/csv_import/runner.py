"""Runs an import: reads a file, and writes its records in chunks, each in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tenure_core.access.identity import Actor
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.write.chunks import ErrorPolicy, write_chunk
from tenure_core.write.results import RowResult
from tenure_core.write.transaction import run_in_transaction
from tenure_sdk.csv_import.compiled_map import CompiledMap
from tenure_sdk.csv_import.counts import ImportCounts
from tenure_sdk.csv_import.csv_reader import CsvFile, open_csv
from tenure_sdk.csv_import.record_builder import ImportRecord, build_chunks, read_lines
from tenure_sdk.csv_import.rejects import RejectsFile

OnProgress = Callable[[ImportCounts, float], None]
"""Called with the counts and the completed fraction (0 to 1). The counted records are committed."""


@dataclass(frozen=True)
class CsvImport:
    """The file and the options of an import.

    Args:
        path: The CSV file.
        compiled: The import map, compiled for the entity.
        rejects: The path of the rejects file.
        dry_run: Whether to check the records without writing.
    """

    path: Path
    compiled: CompiledMap
    rejects: Path
    dry_run: bool

    def check_file(self) -> None:
        """Check that the file can be read and has the columns of the map.

        Raises:
            FileError: The file can't be read.
            MapError: The file lacks a column.
        """
        with self.open() as file:
            self.compiled.check_header(file.header)

    def open(self, on_rows: Callable[[CsvFile], None] = lambda _: None) -> AbstractContextManager[CsvFile]:
        """Open the file; `on_rows` is called at intervals while its rows are read."""
        return open_csv(self.path, self.compiled.map.encoding, self.compiled.map.delimiter, on_rows)


async def run_import(
    csv_import: CsvImport, database: Database, host: Host, actor: Actor, on_progress: OnProgress
) -> ImportCounts:
    """Run an import. It can be repeated after an interruption: written records are found by their keys.

    A dry run rolls back each chunk, so that a record can't refer to a record of an earlier chunk.

    Raises:
        FileError: The file can't be read. Earlier chunks are written.
        MapError: The file lacks a column.
        DatabaseUnavailableError: The database is not available. Earlier chunks are written.
    """
    counts = ImportCounts()
    rejected_groups: dict[str, Sequence[str]] = {}

    def report(file: CsvFile) -> None:
        on_progress(counts, _completed_fraction(csv_import, file, counts))

    with (
        csv_import.open(report) as file,
        RejectsFile(csv_import.rejects, csv_import.path, file.header) as rejects,
    ):
        csv_import.compiled.check_header(file.header)
        for chunk in build_chunks(csv_import.compiled, file, counts):
            await _write_chunk(csv_import, database, host, actor, chunk, counts)
            for record in chunk:
                if record.errors and record.source:
                    rejects.add(record.source, record.errors)
                elif record.errors:
                    rejected_groups[record.key] = record.errors
            report(file)
        if rejected_groups:
            _reject_groups(csv_import, rejects, rejected_groups)
    if not csv_import.dry_run:
        await database.analyze(csv_import.compiled.entity.table.name, "external_ref")
    return counts


def _completed_fraction(csv_import: CsvImport, file: CsvFile, counts: ImportCounts) -> float:
    if not csv_import.compiled.map.group:
        return file.share_read
    done = counts.record_count + counts.rejected
    return 0.5 * file.share_read + 0.5 * done / max(counts.groups, done, 1)


async def _write_chunk(
    csv_import: CsvImport,
    database: Database,
    host: Host,
    actor: Actor,
    chunk: Sequence[ImportRecord],
    counts: ImportCounts,
) -> None:
    """Write the records without errors. Append the errors of rejected records to them."""
    compiled = csv_import.compiled
    records = [record for record in chunk if not record.errors]
    rows = [
        {
            "match": {"externalRef": {"system": compiled.map.system, "id": record.key}},
            **compiled.build_row(record.values),
        }
        for record in records
    ]

    async def write(connection: TenantConnection) -> list[RowResult]:
        context = host.write_context(connection, actor)
        return await write_chunk(
            context, compiled.entity, rows, policy=ErrorPolicy.IGNORE_FAILED, dry_run=csv_import.dry_run
        )

    results = await run_in_transaction(database, actor, write)
    for record, result in zip(records, results, strict=True):
        if result.is_rejected:
            record.errors.extend(map(str, result.errors))
    counts.records.update(result.status for result in results if not result.is_rejected)
    counts.rejected += sum(bool(record.errors) for record in chunk)


def _reject_groups(csv_import: CsvImport, rejects: RejectsFile, reasons: Mapping[str, Sequence[str]]) -> None:
    """Read the file again and reject all lines of the rejected groups: a corrected group needs them all."""
    with csv_import.open() as file:
        for item in read_lines(csv_import.compiled, file, ImportCounts()):
            if not isinstance(item, ImportRecord) and item[2] in reasons:
                rejects.add(item[0], reasons[item[2]])
