"""`tenure migrate`."""

from __future__ import annotations

from tests.support.command_line import Tenure


def test_migrations_are_applied_once(tenure: Tenure, empty_database_url: str) -> None:
    first, second = (tenure("migrate", DATABASE_URL=empty_database_url) for _ in range(2))
    assert "Applied 0001" in first.stdout
    assert second.stdout == "The database is up to date.\n"
    assert (first.returncode, second.returncode) == (0, 0)


def test_the_plan_lists_migrations_and_applies_none(tenure: Tenure, empty_database_url: str) -> None:
    first, second = (tenure("migrate", "--plan", DATABASE_URL=empty_database_url) for _ in range(2))
    assert first.stdout.startswith("0001")
    assert first.stdout == second.stdout
