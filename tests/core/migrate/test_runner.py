"""Migrations are listed, run once and rolled back after a failure; errors have a hint."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tenure_core.access.api_keys import ensure_tenant
from tenure_core.errors import DatabaseUnavailableError, SettingError
from tenure_core.migrate import runner
from tenure_core.migrate.revision_sets import MigrationFailedError, core_revision_set


def test_every_revision_is_pending_in_an_empty_database(empty_database_url: str) -> None:
    [first, *_] = runner.pending(empty_database_url)
    assert str(first).startswith("0001: Create the tables of tenants")


def test_listing_pending_revisions_writes_nothing(empty_database_url: str) -> None:
    runner.pending(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        tables = connection.execute("SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        assert tables.fetchall() == []


def test_no_revision_is_pending_in_a_migrated_database(database_url: str) -> None:
    assert runner.pending(database_url) == []
    with psycopg.connect(database_url) as connection:
        applied = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert applied == [(core_revision_set().scripts.get_current_head(),)]


def test_migrating_again_changes_nothing(empty_database_url: str) -> None:
    runner.upgrade(empty_database_url)
    before = fingerprint(empty_database_url)
    runner.upgrade(empty_database_url)
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


def test_the_service_role_can_list_pending_revisions(database_url: str) -> None:
    as_service = make_conninfo(database_url, options="-c role=tenure_app")
    assert runner.pending(as_service) == []


def test_a_failed_migration_is_rolled_back_and_reported(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("CREATE TABLE activity (id integer)")
    with pytest.raises(MigrationFailedError, match='"activity" already exists'):
        runner.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT to_regclass('account')").fetchone() == (None,)
    assert runner.pending(empty_database_url)


@pytest.fixture
def login(empty_database_url: str) -> Iterator[str]:
    """A login without any power over the database."""
    name = f"tenure_test_{uuid.uuid4().hex}"
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN")
        yield name
        connection.execute(f"DROP OWNED BY {name} CASCADE")
        connection.execute(f"ALTER DATABASE {connection.info.dbname} OWNER TO CURRENT_USER")
        connection.execute(f"DROP ROLE {name}")


def test_a_login_that_cannot_create_tables_is_rejected_with_a_hint(
    empty_database_url: str, login: str
) -> None:
    with pytest.raises(MigrationFailedError, match=r"permission denied.*owner of the tables"):
        runner.upgrade(make_conninfo(empty_database_url, user=login))


def test_an_owner_without_further_privileges_can_migrate_and_serve(
    database_url: str, empty_database_url: str, login: str
) -> None:
    """What managed PostgreSQL gives: the database is ours, superuser nobody is."""
    with psycopg.connect(empty_database_url) as superuser:
        superuser.execute(f"ALTER DATABASE {superuser.info.dbname} OWNER TO {login}")
        superuser.execute(f"GRANT tenure_app TO {login}")
    url = make_conninfo(empty_database_url, user=login)
    runner.upgrade(url)
    tenant_id = ensure_tenant(url, "t")
    with psycopg.connect(url, options=f"-c role=tenure_app -c tenure.tenant_id={tenant_id}") as service:
        service.execute("INSERT INTO account (tenant_id, name) VALUES (%s, 'Acme')", (tenant_id,))
        assert service.execute("SELECT operation, actor FROM change").fetchall() == [("CREATE", login)]
    runner.downgrade(url)


@pytest.mark.parametrize("migration", [runner.upgrade, runner.pending, runner.downgrade])
def test_a_database_of_another_version_is_rejected(
    empty_database_url: str, migration: Callable[[str], object]
) -> None:
    runner.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(MigrationFailedError, match=r"does not match this version.*9999"):
        migration(empty_database_url)


def test_a_database_that_is_not_in_utf8_is_rejected_with_a_hint(server_url: str) -> None:
    name = f"tenure_test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        with pytest.raises(MigrationFailedError, match=r"in UTF8; this one is in LATIN1.*CREATE DATABASE"):
            runner.upgrade(make_conninfo(server_url, dbname=name))
        server.execute(f"DROP DATABASE {name}")


@pytest.mark.parametrize("migration", [runner.upgrade, runner.pending])
def test_an_unreachable_server_is_reported(migration: Callable[[str], object]) -> None:
    with pytest.raises(DatabaseUnavailableError, match=r"can't be reached.*DATABASE_URL"):
        migration("postgresql://nobody@127.0.0.1:1/nowhere")


def test_a_malformed_url_is_rejected() -> None:
    with pytest.raises(SettingError, match="DATABASE_URL is malformed"):
        runner.upgrade("no url at all")
