"""`kill -9` in the middle of an import: what was told as written is there, and a second run completes it."""

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
        counted = connection.execute(
            f"SELECT count(*) FROM {table} c JOIN tenant t ON t.id = c.tenant_id WHERE t.name = %s", (tenant,)
        ).fetchone()
    assert counted
    return counted[0]


def settled_count(url: str, tenant: str) -> int:
    """Return how many accounts there are once PostgreSQL has noticed that its client is gone."""
    with psycopg.connect(url) as connection:
        # Waits for the open transaction of the killed process, which holds a weaker lock.
        connection.execute("LOCK TABLE external_ref IN SHARE MODE")
    return count(url, tenant, "account")


def test_a_killed_import_has_written_what_it_told_and_is_completed_by_a_second(
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
        told = 0
        while not told:
            found = re.search(r"([\d,]+) records written", running.stderr.readline())
            told = int(found[1].replace(",", "")) if found else 0
        os.kill(running.pid, signal.SIGKILL)

    written = settled_count(database_url, tenant)
    assert told <= written < ROWS
    assert written % 1000 == 0

    again = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert again.returncode == 0, again.stderr
    assert re.search(rf"records unchanged +{written:,}\n", again.stdout)
    assert re.search(rf"records created +{ROWS - written:,}\n", again.stdout)
    assert count(database_url, tenant, "account") == ROWS
    assert count(database_url, tenant, "external_ref") == ROWS
    assert count(database_url, tenant, "change") == ROWS
