"""Import runs: written and rejected lines, repetition, chunks and file formats."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import pytest

from tenure_core.plugins.host import core_host
from tenure_core.write import chunker
from tenure_sdk.csv_import.compiled_map import CompiledMap
from tenure_sdk.csv_import.counts import ImportCounts
from tenure_sdk.csv_import.csv_reader import FileError
from tenure_sdk.csv_import.import_map import ImportMap, MapError
from tenure_sdk.csv_import.runner import CsvImport, run_import

ACCOUNTS = {
    "system": "erp",
    "key": "no",
    "fields": {"name": "name", "employees": {"column": "staff", "as": "integer"}},
}


class Importer:
    """Imports text into a tenant."""

    def __init__(self, database, catalog, actor, folder: Path) -> None:
        self.database, self.catalog, self.actor, self.folder = database, catalog, actor, folder
        self.reports: list[tuple[int, float]] = []

    async def run(
        self,
        content: str | bytes,
        import_map: dict[str, Any] = ACCOUNTS,
        entity="Account",
        dry_run=False,
        name="in.csv",
    ) -> dict[str, int]:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        compiled = CompiledMap(ImportMap.model_validate(import_map), self.catalog[entity])
        csv_import = CsvImport(path, compiled, self.folder / "rejects.csv", dry_run)
        counts = await run_import(csv_import, self.database, core_host(), self.actor, self._report)
        numbers = {"lines": counts.lines, "skipped": counts.skipped, "rejected": counts.rejected}
        numbers |= {str(status): number for status, number in counts.records.items()}
        return {name: number for name, number in numbers.items() if number}

    def _report(self, counts: ImportCounts, fraction: float) -> None:
        self.reports.append((counts.record_count, fraction))

    async def read(self, columns: str, table: str = "account") -> list[tuple[Any, ...]]:
        async with self.database.tenant_connection(self.actor.tenant_id) as c:
            return await (await c.execute(f"SELECT {columns} FROM {table} ORDER BY 1")).fetchall()

    @property
    def rejects(self) -> list[list[str]]:
        with (self.folder / "rejects.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))


@pytest.fixture
def importer(database, catalog, actor, tmp_path) -> Importer:
    return Importer(database, catalog, actor, tmp_path)


async def test_a_second_import_changes_nothing(importer: Importer) -> None:
    text = "no,name,staff\n1,Acme,5\n2,北京公司,\n"
    assert await importer.run(text) == {"lines": 2, "CREATED": 2}
    assert await importer.run(text) == {"lines": 2, "NOOP": 2}
    assert await importer.run(text.replace(",5", ",6")) == {"lines": 2, "UPDATED": 1, "NOOP": 1}
    assert await importer.read("name, employees") == [("Acme", 6), ("北京公司", None)]
    assert await importer.read("external_id, system, entity", "external_ref") == [
        ("1", "erp", "Account"),
        ("2", "erp", "Account"),
    ]


async def test_rejected_lines_are_written_with_reasons(importer: Importer) -> None:
    text = 'no,name,staff\n1,Acme,5\n2,,1\n3,"a, ""b""\nc",x\n4,short\n,nobody,1\n6,Six,-1\n7,Seven,7\n'
    assert await importer.run(text) == {"lines": 7, "CREATED": 2, "rejected": 5}
    assert await importer.read("name") == [("Acme",), ("Seven",)]
    assert importer.rejects == [
        ["no", "name", "staff", "line", "reason"],
        ["2", "", "1", "3", "name: must not be null"],
        ["3", 'a, "b"\nc', "x", "4", "employees: 'x' is not a number like -1234.50"],
        ["4", "short", "6", "the line has 2 cells, but the header has 3"],
        ["", "nobody", "1", "7", "key: no: the key is empty"],
        ["6", "Six", "-1", "8", "employees: -1 is less than the minimum 0"],
    ]


async def test_a_corrected_rejects_file_can_be_imported(importer: Importer) -> None:
    await importer.run("no,name,staff\n1,,5\n")
    header, (number, _, *rest) = importer.rejects
    corrected = "\n".join(",".join(line) for line in (header, [number, "Acme", *rest[:-1], "corrected"]))
    assert await importer.run(corrected, name="corrected.csv") == {"lines": 1, "CREATED": 1}
    assert not (importer.folder / "rejects.csv").exists()


async def test_a_dry_run_reports_errors_and_writes_nothing(importer: Importer) -> None:
    await importer.run("no,name,staff\n1,Acme,5\n")
    contacts = {
        "system": "erp",
        "key": "no",
        "fields": {"lastName": "name", "account": {"ref": "of", "system": "erp"}},
    }
    text = "no,name,of\n1,Smith,1\n2,Jones,9\n"
    assert await importer.run(text, contacts, "Contact", dry_run=True) == {
        "lines": 2,
        "WOULD_CREATE": 1,
        "rejected": 1,
    }
    assert "account.externalRef: there is no Account with id '9' in system 'erp'" in importer.rejects[1][-1]
    assert await importer.read("id", "contact") == []
    assert await importer.run("no,name,staff\n1,Other,5\n", dry_run=True) == {
        "lines": 1,
        "WOULD_UPDATE": 1,
    }
    assert await importer.read("name") == [("Acme",)]
    assert await importer.read("entity", "external_ref") == [("Account",)]


GROUPED = {
    "system": "erp",
    "key": "invoice",
    "group": True,
    "where": [{"column": "invoice", "filled": True}],
    "fields": {
        "kind": {"constant": "PURCHASE"},
        "occurredAt": {"column": "at", "as": "time", "take": "min"},
        "value": {"product": ["quantity", "price"], "currency": "GBP", "take": "sum"},
        "attributes.lines": {"count": "lines"},
    },
}


async def test_a_group_contains_lines_from_anywhere_in_the_file(importer: Importer) -> None:
    text = "invoice,at,quantity,price\n1,2011-01-02,1,0.335\n2,2011-01-03,-1,5\n,,,\n1,2011-01-01,2,0.335\n"
    assert await importer.run(text, GROUPED, "Activity") == {"lines": 4, "skipped": 1, "CREATED": 2}
    rows = await importer.read("value_minor_units, occurred_at::date::text, attributes->'lines'", "activity")
    assert rows == [(-500, "2011-01-03", 1), (101, "2011-01-01", 2)]


async def test_a_group_with_an_invalid_line_is_rejected_as_a_whole(importer: Importer) -> None:
    text = "invoice,at,quantity,price\n1,2011-01-02,1,1\n2,2011-01-03,1,1\n1,2011-01-01,many,1\n"
    text += "1,2011-01-01,1,1\n3,,1,1\n"
    assert await importer.run(text, GROUPED, "Activity") == {"lines": 5, "CREATED": 1, "rejected": 2}
    assert [line[:1] + line[4:] for line in importer.rejects[1:]] == [
        ["1", "2", "line 4: value: 'many' is not a number like -1234.50"],
        ["1", "4", "line 4: value: 'many' is not a number like -1234.50"],
        ["1", "5", "line 4: value: 'many' is not a number like -1234.50"],
        ["3", "6", "occurredAt: must not be null"],
    ]


async def test_progress_is_reported_after_each_committed_chunk(importer: Importer, monkeypatch) -> None:
    monkeypatch.setattr(chunker, "MAX_ROWS", 10)
    text = "no,name,staff\n" + "".join(f"{n},A{n},{n}\n" for n in range(95))
    assert await importer.run(text) == {"lines": 95, "CREATED": 95}
    assert [written for written, _ in importer.reports] == [*range(10, 95, 10), 95]
    assert importer.reports[-1][1] == 1.0


@pytest.mark.parametrize("chunk", [1, 2, 3, 1000])
async def test_of_two_lines_with_the_same_key_the_later_wins_for_any_chunk_size(
    importer: Importer, monkeypatch, chunk: int
) -> None:
    monkeypatch.setattr(chunker, "MAX_ROWS", chunk)
    text = "no,name,staff\n1,a,\n2,x,\n1,b,\n1,,\n1,c,\n"
    assert await importer.run(text) == {"lines": 5, "CREATED": 2, "UPDATED": 2, "rejected": 1}
    assert await importer.read("name") == [("c",), ("x",)]


@pytest.mark.parametrize(
    ("content", "more"),
    [
        ("\ufeffno,name,staff\r\n1,Café,5\r\n\r\n".encode(), {}),
        ("no;name;staff\n1;Café;5\n".encode("cp1252"), {"encoding": "cp1252", "delimiter": ";"}),
        ("no\tname\tstaff\n1\tCafé\t5".encode("utf-16"), {"encoding": "utf-16", "delimiter": "\t"}),
    ],
)
async def test_common_file_formats_are_read(importer: Importer, content: bytes, more: dict[str, str]) -> None:
    assert await importer.run(content, ACCOUNTS | more) == {"lines": 1, "CREATED": 1}
    assert await importer.run(gzip.compress(content, mtime=0), ACCOUNTS | more, name="in.csv.gz") == {
        "lines": 1,
        "NOOP": 1,
    }
    assert await importer.read("name") == [("Café",)]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "in.csv", "in.csv is empty"),
        (b"no,name,staff\n1,Caf\xe9,5\n", "in.csv", "encoding: cp1252"),
        (b'no,name,staff\n1,"Caf"e,5\n', "in.csv", "in.csv, line 2:"),
        (b"no,name,staff\n1,x,5\n", "in.csv.gz", "Not a gzipped file"),
        (gzip.compress(b"no,name,staff\n1,x,5\n", mtime=0)[:-9], "in.csv.gz", "ended before"),
    ],
)
async def test_an_invalid_file_is_rejected_with_the_line(
    importer: Importer, content: bytes, name: str, message: str
) -> None:
    with pytest.raises(FileError) as raised:
        await importer.run(content, name=name)
    assert message in str(raised.value)


async def test_the_rejects_file_must_differ_from_the_imported_file(importer: Importer) -> None:
    with pytest.raises(FileError, match=r"rejects\.csv is the file to import"):
        await importer.run("no,name,staff\n1,a,1\n", name="rejects.csv")
    assert (importer.folder / "rejects.csv").read_text() == "no,name,staff\n1,a,1\n"


async def test_a_rejects_file_that_cannot_be_written_is_reported(importer: Importer) -> None:
    (importer.folder / "rejects.csv").mkdir()
    with pytest.raises(FileError, match="can't be written"):
        await importer.run("no,name,staff\n1,,1\n")


async def test_a_missing_column_is_rejected_before_anything_is_written(
    importer: Importer,
) -> None:
    with pytest.raises(MapError, match="The file has no column 'staff'"):
        await importer.run("no,name\n1,a\n")
    assert await importer.read("name") == []
