"""`tenure import`: output, files and exit codes."""

from __future__ import annotations

import os
import threading
import time
import uuid
from pathlib import Path

import psycopg
import pytest
from tests.support.command_line import Done, run_in_process, run_process

from tenure_core.access.api_keys import find_tenant

MAP = "system: erp\nkey: no\nfields: {name: name, employees: {column: staff, as: integer}}\n"


class Shell:
    """A folder with a CSV file and a map, and a new tenant."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url, self.tenant = folder, url, f"cli {uuid.uuid4()}"
        (folder / "map.yaml").write_text(MAP)
        (folder / "in.csv").write_text("no,name,staff\n1,Acme,5\n2,Bolt,6\n")

    def run(
        self, *more: str, file="in.csv", entity="Account", map_file="map.yaml", run=run_in_process
    ) -> Done:
        options = ("--entity", entity, "--map", map_file, "--tenant", self.tenant)
        return run("import", file, *options, *more, folder=self.folder, DATABASE_URL=self.url)

    def analyze_count(self) -> int:
        """Return how often the account table was analyzed."""
        with psycopg.connect(self.url) as connection:
            [(count,)] = connection.execute(
                "SELECT analyze_count FROM pg_stat_user_tables WHERE relname = 'account'"
            )
            return count

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


def test_the_summary_counts_lines_and_records(shell: Shell) -> None:
    first = shell.run()
    assert first.returncode == 0, first.stderr
    assert counts(first.stdout) == {
        "lines read": 2,
        "lines skipped by `where`": 0,
        "records created": 2,
        "records updated": 0,
        "records restored": 0,
        "records unchanged": 0,
        "records rejected": 0,
    }
    assert "2 lines read, 2 records written" in first.stderr
    again = shell.run()
    assert (again.returncode, counts(again.stdout)["records unchanged"]) == (0, 2)
    assert shell.names() == ["Acme", "Bolt"]


def test_a_dry_run_prints_the_result_and_writes_nothing(shell: Shell) -> None:
    before = shell.analyze_count()
    dry_run = shell.run("--dry-run")
    assert (dry_run.returncode, counts(dry_run.stdout)["records that would be created"]) == (0, 2)
    assert f"The tenant '{shell.tenant}' does not exist: the import would create it." in dry_run.stderr
    assert find_tenant(shell.url, shell.tenant) is None
    assert shell.analyze_count() == before


def test_a_dry_run_compares_with_the_records_of_the_tenant(shell: Shell) -> None:
    assert shell.run().returncode == 0
    dry_run = shell.run("--dry-run")
    assert counts(dry_run.stdout)["records that would be unchanged"] == 2
    assert "does not exist" not in dry_run.stderr


def test_a_pipe_is_rejected_before_it_is_read(shell: Shell) -> None:
    os.mkfifo(shell.folder / "pipe.csv")
    lines = (shell.folder / "in.csv").read_text()
    threading.Thread(target=(shell.folder / "pipe.csv").write_text, args=[lines], daemon=True).start()
    done = shell.run(file="pipe.csv")
    assert done.returncode == 2
    assert "pipe.csv is a pipe" in done.stderr
    assert find_tenant(shell.url, shell.tenant) is None


def test_the_statement_timeout_is_longer_than_that_of_requests(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENURE_STATEMENT_TIMEOUT_SECONDS", "0.2")
    with psycopg.connect(shell.url, autocommit=True) as owner:
        with owner.transaction():
            owner.execute("LOCK TABLE account IN SHARE MODE")
            command = threading.Thread(target=shell.run, kwargs={"run": run_process})
            command.start()
            while not owner.execute(
                "SELECT FROM pg_locks WHERE relation = 'account'::regclass AND NOT granted"
            ).fetchall():
                time.sleep(0.02)
            command.join(timeout=0.6)
        command.join()
    assert shell.names() == ["Acme", "Bolt"]


def test_rejected_lines_are_written_to_a_file_and_the_exit_code_is_1(shell: Shell) -> None:
    (shell.folder / "in.csv").write_text("no,name,staff\n1,Acme,5\n2,,6\n")
    done = shell.run()
    assert done.returncode == 1
    assert "The rejected lines are in in.csv.rejects.csv." in done.stdout
    assert "name: must not be null" in (shell.folder / "in.csv.rejects.csv").read_text()
    assert shell.names() == ["Acme"]
    assert shell.run("--rejects", "elsewhere.csv").returncode == 1
    assert (shell.folder / "elsewhere.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"file": "none.csv"}, "none.csv cannot be opened: No such file or directory."),
        ({"map_file": "none.yaml"}, "The map none.yaml can't be read"),
        ({"entity": "Acount"}, "There is no entity 'Acount'. The entities are: Account, Contact, Activity."),
        ({"entity": "Contact"}, "fields.name: Contact has no field 'name'"),
        ({"file": "empty.csv"}, "empty.csv is empty"),
        ({"file": "other.csv"}, "The file has no column 'no'"),
    ],
)
def test_invalid_input_is_reported_in_one_line_with_exit_code_2(
    shell: Shell, arguments: dict[str, str], message: str
) -> None:
    (shell.folder / "empty.csv").touch()
    (shell.folder / "other.csv").write_text("name,staff\nAcme,5\n")
    done = shell.run(**arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert message in line
    assert find_tenant(shell.url, shell.tenant) is None


def test_an_unreachable_database_is_reported_in_one_line(shell: Shell) -> None:
    shell.url = "postgresql://nobody@127.0.0.1:1/none"
    done = shell.run()
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert "can't be reached" in line
