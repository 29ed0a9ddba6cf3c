"""The `tenure` command: help to work from, one line for whatever is wrong, answers that scripts can read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner

from tenure_core.access.identity import KeyCache, Role
from tenure_core.migrate.runner import pending
from tenure_core.postgres.database import Database
from tenure_sdk.cli.app import app

TENURE = str(Path(sys.executable).with_name("tenure"))
COMMANDS = [
    ("serve",),
    ("worker",),
    ("demo",),
    ("migrate",),
    ("maintain",),
    ("import",),
    ("token", "create"),
    ("plugin", "list"),
    ("plugin", "show"),
    ("plugin", "enable"),
    ("plugin", "disable"),
    ("plugin", "set"),
    ("plugin", "makemigration"),
    ("plugin", "uninstall"),
    ("schema", "print"),
    ("doctor",),
    ("ide", "install"),
]
HEAVY = {"alembic", "graphql", "psycopg", "pydantic", "sqlalchemy", "strawberry", "uvicorn", "yaml"}

Tenure = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tenure(tmp_path: Path, database_url: str) -> Tenure:
    """Run the command on the tests' database; keyword arguments are environment variables over the usual."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        usual = {"DATABASE_URL": database_url, "TENURE_HOME": str(tmp_path), "TENURE_PORT": "0"}
        return subprocess.run(
            [TENURE, *arguments],
            cwd=tmp_path,
            env=os.environ | usual | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def assert_one_clear_line(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """Hold a command that can't do its work to a line on stderr that says why, and nothing else."""
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("tenure: ")
    for part in said:
        assert part in done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_each_command_shows_how_to_call_it(command: tuple[str, ...]) -> None:
    name = f"tenure {' '.join(command)}"
    usage, _, examples = CliRunner().invoke(app, [*command, "--help"]).output.partition("Example")
    assert f"Usage: {name}" in usage
    assert re.search(rf"^    .*\b{name}\b", examples, re.MULTILINE)


def test_the_help_names_every_command() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    assert {line.split()[0] for line in shown.partition("Commands:")[2].splitlines() if line} == {
        command for command, *_ in COMMANDS
    }


def test_the_help_loads_nothing_that_only_a_command_needs() -> None:
    program = "import sys, tenure_sdk.cli.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "typer" in done.stdout.split()
    assert set(done.stdout.split()) & HEAVY == set()


@pytest.mark.parametrize(
    "command", [("serve",), ("demo",), ("migrate",), ("token", "create", "--tenant", "t", "--role", "admin")]
)
class TestWhatIsWrongIsSaidInOneLine:
    def test_a_database_that_refuses(self, tenure: Tenure, command: tuple[str, ...]) -> None:
        done = tenure(*command, DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
        assert_one_clear_line(done, "PostgreSQL can't be reached", "Check DATABASE_URL")

    def test_a_url_that_is_none(self, tenure: Tenure, command: tuple[str, ...]) -> None:
        done = tenure(*command, DATABASE_URL="localhost:5432")
        assert_one_clear_line(done, "DATABASE_URL is malformed", "postgresql://")

    def test_a_setting_that_is_malformed(self, tenure: Tenure, command: tuple[str, ...]) -> None:
        done = tenure(*command, TENURE_PORT="eight thousand")
        assert_one_clear_line(done, "TENURE_PORT", "integer", "eight thousand")


@pytest.mark.parametrize("command", [("serve",), ("token", "create", "--tenant", "t", "--role", "admin")])
def test_what_needs_a_migrated_database_says_how_to_migrate(
    tenure: Tenure, empty_database_url: str, command: tuple[str, ...]
) -> None:
    done = tenure(*command, DATABASE_URL=empty_database_url)
    lacking = len(pending(empty_database_url))
    assert_one_clear_line(done, f"lacks {lacking} migration(s)", "Run `tenure migrate`")


def test_migrate_says_what_it_did_and_then_that_nothing_is_left(
    tenure: Tenure, empty_database_url: str
) -> None:
    first, second = (tenure("migrate", DATABASE_URL=empty_database_url) for _ in range(2))
    assert "Applied 0001" in first.stdout
    assert second.stdout == "The database is up to date.\n"
    assert (first.returncode, second.returncode) == (0, 0)


def test_a_wrong_option_is_not_called_a_wrong_environment(tenure: Tenure) -> None:
    done = tenure("serve", "--port", "99999")
    assert_one_clear_line(done, "TENURE_PORT", "99999", "in the environment or on the command line")


def test_a_tenant_without_a_name_is_refused(tenure: Tenure) -> None:
    done = tenure("token", "create", "--tenant", "", "--role", "admin")
    assert_one_clear_line(done, "The name of the tenant is blank")


async def test_token_create_prints_a_key_that_opens_its_tenant_alone(
    tenure: Tenure, database: Database
) -> None:
    tenant = f"cli {uuid.uuid4()}"
    done = tenure("token", "create", "--tenant", tenant, "--role", "reader", "--origin", "erp")
    again = tenure("token", "create", "--tenant", tenant, "--role", "admin")
    assert "new tenant" in done.stderr
    assert "new tenant" not in again.stderr
    keys = KeyCache(database, seconds=0)
    reader, admin = [await keys.authenticate(f"Bearer {one.stdout.strip()}") for one in (done, again)]
    assert (reader.role, reader.origin, admin.role) == (Role.READER, "erp", Role.ADMIN)
    assert reader.tenant_id == admin.tenant_id


def test_a_role_that_does_not_exist_is_refused_with_those_that_do(tenure: Tenure) -> None:
    done = tenure("token", "create", "--tenant", "t", "--role", "owner")
    assert done.returncode == 2
    assert "admin" in done.stderr
    assert "reader" in done.stderr


def test_schema_print_needs_no_database(tenure: Tenure) -> None:
    done = tenure("schema", "print", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert done.returncode == 0
    assert "type Account implements Node" in done.stdout


class TestDoctor:
    def test_is_content_with_a_migrated_database(self, tenure: Tenure) -> None:
        done = tenure("doctor")
        assert done.returncode == 0, done.stdout
        assert "BAD" not in done.stdout
        assert "none pending" in done.stdout

    def test_never_shows_a_password(self, tenure: Tenure, database_url: str) -> None:
        done = tenure("doctor", DATABASE_URL=make_conninfo(database_url, password="swordfish"))
        assert "DATABASE_URL" in done.stdout
        assert "swordfish" not in done.stdout + done.stderr

    @pytest.mark.parametrize(
        ("environment", "finding"),
        [
            ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}, "can't be reached"),
            ({"TENURE_POOL_SIZE": "none"}, "TENURE_POOL_SIZE"),
        ],
    )
    def test_reports_what_is_wrong_beside_what_is_right(
        self, tenure: Tenure, environment: dict[str, str], finding: str
    ) -> None:
        done = tenure("doctor", **environment)
        assert done.returncode == 1
        assert [finding in line for line in done.stdout.splitlines() if line.startswith("BAD")] == [True]
        assert "ok    python" in done.stdout
        assert done.stderr == ""

    def test_reports_migrations_that_are_pending(self, tenure: Tenure, empty_database_url: str) -> None:
        done = tenure("doctor", DATABASE_URL=empty_database_url)
        assert done.returncode == 1
        assert f"{len(pending(empty_database_url))} pending: run `tenure migrate`" in done.stdout
