"""An import that is killed has written the reported records, and a second run completes it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg

ROWS = 12_000
TENURE = (sys.executable, "-c", "from tenure_sdk.cli.app import main; main()")
MAP = "system: erp\nkey: no\nfields: {name: name}\n"


def count(url: str, tenant: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            f"SELECT count(*) FROM {table} c JOIN tenant t ON t.id = c.tenant_id WHERE t.name = %s", (tenant,)
        ).fetchone()
    assert row
    return row[0]


def count_committed_accounts(url: str, tenant: str) -> int:
    """Return the number of accounts after PostgreSQL has ended the transaction of the killed client."""
    with psycopg.connect(url) as connection:
        # The lock waits for the open transaction of the killed process.
        connection.execute("LOCK TABLE external_ref IN SHARE MODE")
    return count(url, tenant, "account")


def test_a_killed_import_has_written_the_reported_records_and_can_be_repeated(
    tmp_path: Path, database_url: str
) -> None:
    (tmp_path / "map.yaml").write_text(MAP)
    lines = "".join(f"{n},Account {n}\n" for n in range(ROWS))
    (tmp_path / "in.csv").write_text(f"no,name\n{lines}")
    tenant = f"killed {uuid.uuid4()}"
    command = [*TENURE, "import", "in.csv", "--entity", "Account", "--map", "map.yaml", "--tenant", tenant]
    environment = {**os.environ, "DATABASE_URL": database_url}

    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr
        reported = 0
        while not reported:
            match = re.search(r"([\d,]+) records written", running.stderr.readline())
            reported = int(match[1].replace(",", "")) if match else 0
        os.kill(running.pid, signal.SIGKILL)

    written = count_committed_accounts(database_url, tenant)
    assert reported <= written < ROWS
    assert written % 1000 == 0

    second = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert second.returncode == 0, second.stderr
    assert re.search(rf"records unchanged +{written:,}\n", second.stdout)
    assert re.search(rf"records created +{ROWS - written:,}\n", second.stdout)
    assert count(database_url, tenant, "account") == ROWS
    assert count(database_url, tenant, "external_ref") == ROWS
    assert count(database_url, tenant, "change") == ROWS
