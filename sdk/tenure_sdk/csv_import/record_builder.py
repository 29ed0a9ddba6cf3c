"""Records: what the lines of a file make, one each, or one for all lines with the same key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tenure_core.write.chunker import Chunker
from tenure_sdk.csv_import.compiled_map import CompiledMap
from tenure_sdk.csv_import.counts import ImportCounts
from tenure_sdk.csv_import.csv_reader import CsvFile, Row
from tenure_sdk.csv_import.external_keys import Line


@dataclass(frozen=True)
class Record:
    """What one line, or a group of them, makes.

    Args:
        key: What names it in its system; empty where the line does not say.
        source: The row of the file that it was made from; None for a group.
        values: A value for each field of the map.
        problems: Why it can't be written; empty where it can.
    """

    key: str
    source: Row | None
    values: list[object] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def chunks(recipe: CompiledMap, file: CsvFile, totals: ImportCounts) -> Iterator[list[Record]]:
    """Yield all records of a file, chunk by chunk.

    Of two lines with one key, which are two records without `group`, the later wins.
    """
    gathering = Chunker[Record]()
    for record in (_grouped if recipe.map.group else _single)(recipe, file, totals):
        if full := gathering.add(record, record.key or None):
            yield full
    if rest := gathering.flush():
        yield rest


def keyed_lines(
    recipe: CompiledMap, file: CsvFile, totals: ImportCounts
) -> Iterator[tuple[Row, Line, str] | Record]:
    """Yield every line that counts with its key; as a record with a problem, where it has none."""
    for row in file:
        totals.lines += 1
        if len(row.cells) != len(file.header):
            problem = f"it has {len(row.cells)} cells, and the header has {len(file.header)}"
            yield Record("", row, problems=[problem])
            continue
        line = dict(zip(file.header, row.cells, strict=True))
        if not recipe.accepts(line):
            totals.left_out += 1
            continue
        try:
            yield row, line, recipe.key(line)
        except ValueError as error:
            yield Record("", row, problems=[f"key: {error}"])


def _single(recipe: CompiledMap, file: CsvFile, totals: ImportCounts) -> Iterator[Record]:
    for found in keyed_lines(recipe, file, totals):
        yield found if isinstance(found, Record) else _record(recipe, *found)


def _grouped(recipe: CompiledMap, file: CsvFile, totals: ImportCounts) -> Iterator[Record]:
    groups: dict[str, Record] = {}
    for found in keyed_lines(recipe, file, totals):
        if isinstance(found, Record):
            yield found
            continue
        row, line, key = found
        if group := groups.get(key):
            _add(recipe, group, row, line)
        else:
            groups[key] = replace(_record(recipe, row, line, key), source=None)
    totals.groups = len(groups)
    yield from groups.values()


def _record(recipe: CompiledMap, row: Row, line: Line, key: str) -> Record:
    problems: list[str] = []
    return Record(key, row, recipe.read(line, problems), problems)


def _add(recipe: CompiledMap, group: Record, row: Row, line: Line) -> None:
    problems: list[str] = []
    recipe.fold(group.values, line, problems)
    group.problems.extend(f"line {row.number}: {problem}" for problem in problems)
