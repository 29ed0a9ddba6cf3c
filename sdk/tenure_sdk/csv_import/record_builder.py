"""Builds the records of a file: one per line, or one per group of lines with the same key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tenure_core.write.chunker import Chunker
from tenure_core.write.csv_parser import CsvRecord
from tenure_sdk.csv_import.compiled_map import CompiledMap
from tenure_sdk.csv_import.counts import ImportCounts
from tenure_sdk.csv_import.csv_reader import CsvFile
from tenure_sdk.csv_import.external_keys import Line


@dataclass(frozen=True)
class ImportRecord:
    """A record to write.

    Args:
        key: The external id; "" if the line has none.
        source: The row of the file; None for a group.
        values: The values, one per field of the map.
        errors: Why the record can't be written.
    """

    key: str
    source: CsvRecord | None
    values: list[object] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def build_chunks(compiled: CompiledMap, file: CsvFile, counts: ImportCounts) -> Iterator[list[ImportRecord]]:
    """Yield the records of a file in chunks. A key occurs once per chunk, so that the last line wins."""
    build_records = _build_groups if compiled.map.group else _build_singles
    chunker = Chunker[ImportRecord]()
    for record in build_records(compiled, file, counts):
        if chunk := chunker.add(record, record.key or None):
            yield chunk
    if chunk := chunker.flush():
        yield chunk


def read_lines(
    compiled: CompiledMap, file: CsvFile, counts: ImportCounts
) -> Iterator[tuple[CsvRecord, Line, str] | ImportRecord]:
    """Yield the lines that match the conditions, with their keys. A line without a key is a failed record."""
    for row in file:
        counts.lines += 1
        if len(row.cells) != len(file.header):
            error = f"the line has {len(row.cells)} cells, but the header has {len(file.header)}"
            yield ImportRecord("", row, errors=[error])
            continue
        line = dict(zip(file.header, row.cells, strict=True))
        if not compiled.accepts(line):
            counts.skipped += 1
            continue
        try:
            yield row, line, compiled.build_key(line)
        except ValueError as error:
            yield ImportRecord("", row, errors=[f"key: {error}"])


def _build_singles(compiled: CompiledMap, file: CsvFile, counts: ImportCounts) -> Iterator[ImportRecord]:
    for item in read_lines(compiled, file, counts):
        yield item if isinstance(item, ImportRecord) else _build_record(compiled, *item)


def _build_groups(compiled: CompiledMap, file: CsvFile, counts: ImportCounts) -> Iterator[ImportRecord]:
    groups: dict[str, ImportRecord] = {}
    for item in read_lines(compiled, file, counts):
        if isinstance(item, ImportRecord):
            yield item
            continue
        row, line, key = item
        if group := groups.get(key):
            _add_line(compiled, group, row, line)
        else:
            groups[key] = replace(_build_record(compiled, row, line, key), source=None)
    counts.groups = len(groups)
    yield from groups.values()


def _build_record(compiled: CompiledMap, row: CsvRecord, line: Line, key: str) -> ImportRecord:
    errors: list[str] = []
    return ImportRecord(key, row, compiled.read_values(line, errors), errors)


def _add_line(compiled: CompiledMap, group: ImportRecord, row: CsvRecord, line: Line) -> None:
    errors: list[str] = []
    compiled.combine_values(group.values, line, errors)
    group.errors.extend(f"line {row.number}: {error}" for error in errors)
