"""`tenure import` from end to end: what it prints, where it writes, and its exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg
import pytest

TENURE = (sys.executable, "-c", "from tenure_sdk.cli import main; main()")
MAP = "system: erp\nkey: no\nfields: {name: name, employees: {column: staff, as: integer}}\n"


class Shell:
    """A folder to work in, and a tenant of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url, self.tenant = folder, url, f"cli {uuid.uuid4()}"
        (folder / "map.yaml").write_text(MAP)
        (folder / "in.csv").write_text("no,name,staff\n1,Acme,5\n2,Bolt,6\n")

    def run(
        self, *more: str, file="in.csv", entity="Account", map_file="map.yaml"
    ) -> subprocess.CompletedProcess[str]:
        command = [
            *TENURE,
            "import",
            file,
            "--entity",
            entity,
            "--map",
            map_file,
            "--tenant",
            self.tenant,
            *more,
        ]
        environment = {**os.environ, "DATABASE_URL": self.url}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120
        )

    def names(self) -> list[str]:
        with psycopg.connect(self.url) as connection:
            rows = connection.execute(
                "SELECT a.name FROM account a JOIN tenant t ON t.id = tenant_id WHERE t.name = %s ORDER BY 1",
                (self.tenant,),
            )
            return [name for (name,) in rows]


@pytest.fixture
def shell(tmp_path: Path, database_url: str) -> Shell:
    return Shell(tmp_path, database_url)


def counts(output: str) -> dict[str, int]:
    lines = [line.rsplit(maxsplit=1) for line in output.splitlines() if line[-1:].isdigit()]
    return {label.strip(): int(count.replace(",", "")) for label, count in lines}


def test_a_file_is_imported_and_told_in_numbers(shell: Shell) -> None:
    first = shell.run()
    assert first.returncode == 0, first.stderr
    assert counts(first.stdout) == {
        "lines read": 2,
        "lines left out by `where`": 0,
        "records created": 2,
        "records updated": 0,
        "records restored": 0,
        "records unchanged": 0,
        "records refused": 0,
    }
    assert "2 lines read, 2 records written" in first.stderr
    again = shell.run()
    assert (again.returncode, counts(again.stdout)["records unchanged"]) == (0, 2)
    assert shell.names() == ["Acme", "Bolt"]


def test_a_dry_run_says_what_would_be_and_writes_nothing(shell: Shell) -> None:
    tried = shell.run("--dry-run")
    assert (tried.returncode, counts(tried.stdout)["records that would be created"]) == (0, 2)
    assert shell.names() == []


def test_refused_lines_make_exit_code_1_and_a_file(shell: Shell) -> None:
    (shell.folder / "in.csv").write_text("no,name,staff\n1,Acme,5\n2,,6\n")
    done = shell.run()
    assert done.returncode == 1
    assert "The refused lines are in in.csv.rejects.csv." in done.stdout
    assert "name: must not be null" in (shell.folder / "in.csv.rejects.csv").read_text()
    assert shell.names() == ["Acme"]
    assert shell.run("--rejects", "elsewhere.csv").returncode == 1
    assert (shell.folder / "elsewhere.csv").exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"file": "none.csv"}, "none.csv can't be opened: No such file or directory."),
        ({"map_file": "none.yaml"}, "The map none.yaml can't be read"),
        ({"entity": "Acount"}, "There is no entity 'Acount'. There are Account, Contact, Activity."),
        ({"entity": "Contact"}, "fields.name: Contact has no field 'name'"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(shell: Shell, wrong: dict[str, str], told: str) -> None:
    done = shell.run(**wrong)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert told in line


def test_a_database_that_is_not_there_is_one_line(shell: Shell) -> None:
    shell.url = "postgresql://nobody@127.0.0.1:1/none"
    done = shell.run()
    assert done.returncode not in (0, 2)
    (line,) = done.stderr.splitlines()
    assert "can't be reached" in line
