"""Migrations: brings a database to the revisions of this code, and tells which ones it lacks."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from tenure_core.database import translated
from tenure_core.errors import DatabaseUnavailableError, TenureError
from tenure_core.owner import connect

LOCK = 0x74656E757265
"""The advisory lock that is held while migrating: "tenure" in ASCII."""


class MigrationFailedError(TenureError):
    """A migration that the database refused, or a database that this code does not know."""

    code = "MIGRATION_FAILED"


def upgrade(url: str) -> None:
    """Bring a database to the newest revisions; where several processes try, one does it and the others wait.

    Args:
        url: The database, as the owner of its tables.

    Raises:
        DatabaseUnavailableError: The database can't be reached.
        MigrationFailedError: A migration failed, and was undone.
    """
    with _connected(url) as connection:
        _lock(connection)
        command.upgrade(_config(connection), "heads")


def downgrade(url: str, revision: str = "base") -> None:
    """Take a database back to a revision; data that only later ones can hold is lost.

    Args:
        url: The database, as the owner of its tables.
        revision: The revision to go back to; "base" is an empty database.

    Raises:
        DatabaseUnavailableError: The database can't be reached.
        MigrationFailedError: A migration failed, and was undone.
    """
    with _connected(url) as connection:
        _lock(connection)
        command.downgrade(_config(connection), revision)


def pending(url: str) -> list[str]:
    """Return the revisions that a database lacks, oldest first, each as "0001: what it makes".

    Raises:
        DatabaseUnavailableError: The database can't be reached.
        MigrationFailedError: The database holds a revision that this code does not know.
    """
    with _connected(url) as connection:
        present = MigrationContext.configure(connection).get_current_heads()
        scripts = ScriptDirectory.from_config(_config(connection))
        lacking = list(scripts.iterate_revisions("heads", present or "base"))
    return [f"{script.revision}: {script.doc}" for script in reversed(lacking)]


def current(url: str) -> tuple[str, ...]:
    """Return the newest revisions that a database holds, one per branch; none where it is empty.

    Raises:
        DatabaseUnavailableError: The database can't be reached.
    """
    with _connected(url) as connection:
        return MigrationContext.configure(connection).get_current_heads()


def differences(url: str, declared: MetaData) -> list[Any]:
    """Return what Alembic would change to make the declared tables as declared; other tables don't count.

    Args:
        url: The database, migrated.
        declared: The tables as their entities declare them.

    Raises:
        DatabaseUnavailableError: The database can't be reached.
    """

    def declares(name: str | None, kind: str, _: object) -> bool:
        return kind != "table" or name in declared.tables

    options = {"include_name": declares, "compare_server_default": True}
    with _connected(url) as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), declared))


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine("postgresql+psycopg://", creator=lambda: connect(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise _failed(error) from error
    except (CommandError, RevisionError) as error:
        raise MigrationFailedError(
            f"The database does not fit this version of Tenure: {error}.",
            "Serve it with the version that migrated it.",
        ) from error


def _failed(error: DBAPIError) -> TenureError:
    if not isinstance(error.orig, psycopg.Error):
        raise error
    known = translated(error.orig)
    if isinstance(known, DatabaseUnavailableError):
        return known
    said = error.orig.diag
    return MigrationFailedError(
        f"The database refused a migration: {said.message_primary or error.orig}.",
        said.message_hint
        or "Nothing was changed. Migrations run as the owner of the tables: check the URL's user.",
    )


def _lock(connection: Connection) -> None:
    """Take the lock that only one migrating process holds; PostgreSQL frees it when the connection closes."""
    connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
    connection.commit()


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_core_migrations()))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join(map(str, _version_locations())))
    return config


def _version_locations() -> list[Path]:
    """Return the folders of revisions: one branch for the core, and later one for each plugin."""
    return [_core_migrations() / "versions"]


def _core_migrations() -> Path:
    """Find the package of the core's revisions by its name: the core stands below it and can't import it."""
    found = importlib.util.find_spec("tenure_migrations")
    if found is None or found.origin is None:
        raise MigrationFailedError(
            "The package tenure-migrations is not installed.", "Install it beside tenure-core."
        )
    return Path(found.origin).parent
