"""Runs migrations, and lists the pending ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, create_engine
from sqlalchemy.pool import NullPool

from tenure_core.catalog.catalog import Catalog
from tenure_core.entities.declaration import NAMING_CONVENTION
from tenure_core.migrate.destructive_changes import LossDetector
from tenure_core.migrate.revision_sets import (
    MigrationFailedError,
    RevisionSet,
    core_revision_set,
    list_revision_sets,
    translate_migration_errors,
)
from tenure_core.postgres.owner_connection import connect

if TYPE_CHECKING:
    from tenure_core.plugins.host import Host

LOCK_KEY = 0x74656E757265
"""The key of the advisory lock that is held while migrations run: "tenure" in ASCII."""


class DestructiveMigrationError(MigrationFailedError):
    """A migration would delete data, and deleting data was not allowed."""

    code = "DESTRUCTIVE_MIGRATION"


@dataclass(frozen=True)
class Step:
    """A pending revision.

    Args:
        revision_set: The revisions that it belongs to.
        revision: The identifier.
        doc: What the revision does, in one line.
        losses: The data that it deletes, one phrase each.
    """

    revision_set: RevisionSet
    revision: str
    doc: str
    losses: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.revision_set.qualify(self.revision)}: {self.doc}"


def upgrade(url: str, host: Host | None = None, *, allow_destructive: bool = False) -> list[Step]:
    """Apply the pending revisions of the core, then of the plugins in load order.

    If several processes call it at the same time, one migrates and the others wait.

    Args:
        url: The URL of the database, as the owner of its tables.
        host: The plugins.
        allow_destructive: Whether revisions may delete data.

    Returns:
        The applied revisions.

    Raises:
        DatabaseUnavailableError: The database cannot be reached.
        DestructiveMigrationError: A revision would delete data. No revision was applied.
        MigrationFailedError: A revision failed and was rolled back.
    """
    with owner_engine(url) as connection:
        lock(connection)
        steps = list(_list_steps(connection, host))
        if not allow_destructive:
            _check_losses(steps)
        for revision_set in dict.fromkeys(step.revision_set for step in steps):
            upgrade_set(connection, revision_set, "heads")
    return steps


def downgrade(url: str, revision: str = "base", *, revision_set: RevisionSet | None = None) -> None:
    """Revert revisions. Data of tables and columns that they created is deleted.

    Args:
        url: The URL of the database, as the owner of its tables.
        revision: The revision to return to; "base" reverts all.
        revision_set: The revisions; by default those of the core, to be reverted after those of all plugins.

    Raises:
        DatabaseUnavailableError: The database cannot be reached.
        MigrationFailedError: A revision failed and was rolled back.
    """
    reverted = revision_set or core_revision_set()
    with owner_engine(url) as connection, translate_migration_errors(reverted):
        lock(connection)
        command.downgrade(reverted.config(connection), revision)


def pending(url: str, host: Host | None = None) -> list[Step]:
    """Return the revisions that have not been applied, in the order in which they would run.

    Args:
        url: The URL of the database.
        host: The plugins.

    Raises:
        DatabaseUnavailableError: The database cannot be reached.
        MigrationFailedError: The database has a revision that this code does not contain.
    """
    with owner_engine(url) as connection:
        return list(_list_steps(connection, host))


def upgrade_set(connection: Connection, revision_set: RevisionSet, revision: str) -> None:
    """Apply revisions of one set up to the given one, and allow the service to read its version table.

    Raises:
        MigrationFailedError: A revision failed and was rolled back.
    """
    with translate_migration_errors(revision_set):
        connection.commit()  # Alembic commits only transactions that it started itself.
        command.upgrade(revision_set.config(connection), revision)
        if revision_set.plugin:
            connection.exec_driver_sql(f"GRANT SELECT ON {revision_set.version_table} TO tenure_app")
            connection.commit()


def declared_tables(catalog: Catalog) -> MetaData:
    """Return the tables of a catalog as separate metadata, without other tables of this process."""
    tables = MetaData(naming_convention=NAMING_CONVENTION)
    for entity in catalog.entities.values():
        entity.table.to_metadata(tables)
    return tables


def differences(url: str, catalog: Catalog) -> list[Any]:
    """Return Alembic's differences between the database and the declared tables. Other tables are ignored.

    Args:
        url: The URL of the migrated database.
        catalog: The declared entities.

    Raises:
        DatabaseUnavailableError: The database cannot be reached.
    """
    tables = declared_tables(catalog)

    def is_declared(name: str | None, kind: str, _: object) -> bool:
        return kind != "table" or name in tables.tables

    options = {"include_name": is_declared, "compare_server_default": True}
    with owner_engine(url) as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables))


@contextmanager
def owner_engine(url: str) -> Iterator[Connection]:
    """Open a SQLAlchemy connection as the owner of the tables.

    Raises:
        DatabaseUnavailableError: The database cannot be reached.
        MigrationFailedError: A statement failed.
    """
    engine = create_engine("postgresql+psycopg://", creator=lambda: connect(url), poolclass=NullPool)
    with translate_migration_errors(core_revision_set()), engine.connect() as connection:
        yield connection


def lock(connection: Connection) -> None:
    """Take the migration lock, which PostgreSQL releases when the connection closes."""
    connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK_KEY})")
    connection.commit()


def _list_steps(connection: Connection, host: Host | None) -> Iterator[Step]:
    detector = LossDetector(connection)
    for revision_set in list_revision_sets(host):
        with translate_migration_errors(revision_set):
            for script in revision_set.pending(connection):
                yield Step(revision_set, script.revision, script.doc, tuple(detector.find(script)))


def _check_losses(steps: Sequence[Step]) -> None:
    if destructive := [step for step in steps if step.losses]:
        losses = "; ".join(
            f"{step.revision_set.qualify(step.revision)} {step.losses[0]}" for step in destructive
        )
        raise DestructiveMigrationError(
            f"Migrations would delete data: {losses}.",
            "List all losses with `tenure migrate --plan`, make a backup, and run "
            "`tenure migrate --allow-destructive`.",
        )
