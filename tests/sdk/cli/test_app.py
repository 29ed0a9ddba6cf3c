"""The command tree: help texts, startup time and error output."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from tests.support.command_line import Tenure, assert_one_line_error
from typer.testing import CliRunner

from tenure_core.migrate.runner import pending
from tenure_sdk.cli.app import app
from tenure_sdk.conformance.checks.naming_words import TENURE_COMMANDS

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
    ("plugin", "new"),
    ("plugin", "makemigration"),
    ("plugin", "check"),
    ("plugin", "uninstall"),
    ("schema", "print"),
    ("doctor",),
    ("ide", "install"),
]
DATABASE_COMMANDS = [
    ("serve",),
    ("demo",),
    ("migrate",),
    ("token", "create", "--tenant", "t", "--role", "admin"),
]
SERVER_PACKAGES = {"alembic", "graphql", "psycopg", "pydantic", "sqlalchemy", "strawberry", "uvicorn", "yaml"}


def list_commands(*group: str) -> dict[str, str]:
    """Return the commands in the help of a group with their descriptions."""
    output = CliRunner().invoke(app, [*group, "--help"]).output
    lines = output.partition("Commands:")[2].splitlines()
    return dict(line.split(maxsplit=1) for line in lines if line.strip())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_each_command_has_an_example(command: tuple[str, ...]) -> None:
    name = f"tenure {' '.join(command)}"
    usage, _, examples = CliRunner().invoke(app, [*command, "--help"]).output.partition("Example")
    assert f"Usage: {name}" in usage
    assert re.search(rf"^    .*\b{name}\b", examples, re.MULTILINE)


def test_the_help_lists_every_command() -> None:
    assert list_commands().keys() == {command for command, *_ in COMMANDS}
    assert list_commands("plugin").keys() == {
        name for group, *names in COMMANDS for name in names if group == "plugin"
    }


@pytest.mark.parametrize("group", [(), ("plugin",)], ids=str)
def test_the_help_shows_each_description_in_full(group: tuple[str, ...]) -> None:
    assert [text for text in list_commands(*group).values() if not text.endswith(".") or "..." in text] == []


def test_the_conformance_checks_know_the_built_in_commands() -> None:
    assert list_commands().keys() == TENURE_COMMANDS


def test_the_command_tree_imports_no_server_packages() -> None:
    program = "import sys, tenure_sdk.cli.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "typer" in done.stdout.split()
    assert set(done.stdout.split()) & SERVER_PACKAGES == set()


@pytest.mark.parametrize("command", DATABASE_COMMANDS)
class TestErrorsAreOneLine:
    def test_an_unreachable_database(self, tenure: Tenure, command: tuple[str, ...]) -> None:
        done = tenure(*command, DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
        assert_one_line_error(done, "PostgreSQL can't be reached", "connections. Check DATABASE_URL")

    def test_a_malformed_url(self, tenure: Tenure, command: tuple[str, ...]) -> None:
        done = tenure(*command, DATABASE_URL="localhost:5432")
        assert_one_line_error(done, "DATABASE_URL is malformed", "postgresql://")

    def test_an_invalid_setting(self, tenure: Tenure, command: tuple[str, ...]) -> None:
        done = tenure(*command, TENURE_PORT="eight thousand")
        assert_one_line_error(done, "TENURE_PORT", "integer", "eight thousand")


@pytest.mark.parametrize("command", [("serve",), ("token", "create", "--tenant", "t", "--role", "admin")])
def test_a_command_that_requires_migrations_reports_missing_ones(
    tenure: Tenure, empty_database_url: str, command: tuple[str, ...]
) -> None:
    done = tenure(*command, DATABASE_URL=empty_database_url)
    missing = len(pending(empty_database_url))
    assert_one_line_error(done, f"lacks {missing} migration(s)", "Run `tenure migrate`")


def test_an_invalid_option_is_reported_with_its_setting(tenure: Tenure) -> None:
    done = tenure("serve", "--port", "99999")
    assert_one_line_error(done, "TENURE_PORT", "99999", "the environment variable or the command-line option")
