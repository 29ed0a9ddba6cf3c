"""`tenure doctor`."""

from __future__ import annotations

import pytest
from psycopg.conninfo import make_conninfo
from tests.support.command_line import PluginShell, Tenure

from tenure_core.migrate.runner import pending


def test_a_migrated_database_has_no_errors(tenure: Tenure) -> None:
    done = tenure("doctor")
    assert done.returncode == 0, done.stdout
    assert "error " not in done.stdout
    assert "none pending" in done.stdout


def test_passwords_are_not_printed(tenure: Tenure, database_url: str) -> None:
    done = tenure("doctor", DATABASE_URL=make_conninfo(database_url, password="swordfish"))
    assert "DATABASE_URL" in done.stdout
    assert "swordfish" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}, "can't be reached"),
        ({"TENURE_POOL_SIZE": "none"}, "TENURE_POOL_SIZE"),
    ],
)
def test_an_error_is_reported_together_with_the_other_checks(
    tenure: Tenure, environment: dict[str, str], message: str
) -> None:
    done = tenure("doctor", **environment)
    assert done.returncode == 1
    assert [message in line for line in done.stdout.splitlines() if line.startswith("error")] == [True]
    assert "ok       python" in done.stdout
    assert done.stderr == ""


def test_pending_migrations_are_an_error(tenure: Tenure, empty_database_url: str) -> None:
    done = tenure("doctor", DATABASE_URL=empty_database_url)
    assert done.returncode == 1
    assert f"{len(pending(empty_database_url))} pending: run `tenure migrate`" in done.stdout


def test_plugins_are_listed_with_their_versions(migrated_plugin: PluginShell) -> None:
    assert "testfleet 1.2.0" in migrated_plugin.run("doctor").stdout


def test_pending_migrations_of_plugins_are_an_error(
    migrated_plugin: PluginShell, migrated_database_url: str
) -> None:
    done = migrated_plugin.run("doctor", DATABASE_URL=migrated_database_url)
    assert "1 pending: run `tenure migrate`" in done.stdout
