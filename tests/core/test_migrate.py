"""Migrating a database: what is pending, what is done once, and what is said when it can't be done."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tenure_core import migrate
from tenure_core.migrate import MigrationFailedError


def test_an_empty_database_lacks_every_revision(empty_database_url: str) -> None:
    [first, *_] = migrate.pending(empty_database_url)
    assert first.startswith("0001: Accounts, contacts and activities")
    assert migrate.current(empty_database_url) == ()


def test_asking_what_is_pending_writes_nothing(empty_database_url: str) -> None:
    migrate.pending(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        found = connection.execute("SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        assert found.fetchall() == []


def test_a_migrated_database_lacks_nothing(database_url: str) -> None:
    assert migrate.pending(database_url) == []
    assert migrate.current(database_url) == ("0001",)


def test_migrating_again_changes_nothing(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)
    before = fingerprint(empty_database_url)
    migrate.upgrade(empty_database_url)
    assert fingerprint(empty_database_url) == before


def fingerprint(url: str) -> list[tuple[object, ...]]:
    """Return every relation, function and trigger with the transaction that last wrote it."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            """SELECT relname, xmin::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
               UNION ALL SELECT proname, xmin::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
               UNION ALL SELECT tgname, xmin::text FROM pg_trigger WHERE tgname LIKE 'tenure%'
               UNION ALL SELECT version_num, xmin::text FROM alembic_version ORDER BY 1, 2"""
        ).fetchall()


def test_a_role_that_only_serves_may_ask_what_is_pending(database_url: str) -> None:
    as_service = make_conninfo(database_url, options="-c role=tenure_app")
    assert migrate.pending(as_service) == []


def test_a_failed_migration_leaves_nothing_and_says_why(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("CREATE TABLE activity (id integer)")
    with pytest.raises(MigrationFailedError, match='"activity" already exists'):
        migrate.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT to_regclass('account')").fetchone() == (None,)
    assert migrate.pending(empty_database_url)


def test_a_login_that_may_not_make_tables_is_told_to_use_the_owner(
    empty_database_url: str, powerless: str
) -> None:
    with pytest.raises(MigrationFailedError, match=r"permission denied.*owner of the tables"):
        migrate.upgrade(make_conninfo(empty_database_url, user=powerless))


@pytest.fixture
def powerless(empty_database_url: str) -> Iterator[str]:
    """A login that may connect, and no more."""
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS tenure_test_powerless")
        connection.execute("CREATE ROLE tenure_test_powerless LOGIN")
        yield "tenure_test_powerless"
        connection.execute("DROP ROLE tenure_test_powerless")
