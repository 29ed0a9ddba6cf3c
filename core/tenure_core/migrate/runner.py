"""Migrations: brings a database to the revisions of this code, and tells which ones it lacks."""

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
from tenure_core.entities.declaration import NAMING
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

LOCK = 0x74656E757265
"""The advisory lock that is held while migrating: "tenure" in ASCII."""


class DestructiveMigrationError(MigrationFailedError):
    """A migration that would take data away, and nobody said that it may."""

    code = "DESTRUCTIVE_MIGRATION"


@dataclass(frozen=True)
class Step:
    """A revision that a database lacks.

    Args:
        history: Whose revision it is.
        revision: Its identifier.
        doc: What it does, in one line.
        losses: What it takes away, one sentence each.
    """

    history: RevisionSet
    revision: str
    doc: str
    losses: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.history.named(self.revision)}: {self.doc}"


def upgrade(url: str, host: Host | None = None, *, allow_destructive: bool = False) -> list[Step]:
    """Bring a database to the newest revisions; where several processes try, one does it and the others wait.

    The core goes first, then the plugins in their order.

    Args:
        url: The database, as the owner of its tables.
        host: The plugins whose revisions run, too.
        allow_destructive: Whether revisions may take data away.

    Returns:
        What was done.

    Raises:
        DatabaseUnavailableError: The database can't be reached.
        DestructiveMigrationError: A revision would take data away; nothing was done.
        MigrationFailedError: A revision failed, and was undone.
    """
    with owner_engine(url) as connection:
        lock(connection)
        steps = _steps(connection, list_revision_sets(host))
        if not allow_destructive:
            _check_losses(steps)
        for history in dict.fromkeys(step.history for step in steps):
            upgrade_set(connection, history, "heads")
    return steps


def downgrade(url: str, revision: str = "base", *, history: RevisionSet | None = None) -> None:
    """Take a database back to a revision; data that only later ones can hold is lost.

    Args:
        url: The database, as the owner of its tables.
        revision: The revision to go back to; "base" is an empty database.
        history: Whose revisions; by default the core's, which go after those of all plugins.

    Raises:
        DatabaseUnavailableError: The database can't be reached.
        MigrationFailedError: A migration failed, and was undone.
    """
    whose = history or core_revision_set()
    with owner_engine(url) as connection, translate_migration_errors(whose):
        lock(connection)
        command.downgrade(whose.config(connection), revision)


def pending(url: str, host: Host | None = None) -> list[Step]:
    """Return the revisions that a database lacks, in the order in which they would run.

    Args:
        url: The database.
        host: The plugins whose revisions are wanted, too.

    Raises:
        DatabaseUnavailableError: The database can't be reached.
        MigrationFailedError: The database holds a revision that this code does not know.
    """
    with owner_engine(url) as connection:
        return _steps(connection, list_revision_sets(host))


def current(url: str, host: Host | None = None) -> tuple[str, ...]:
    """Return the newest revisions that a database holds, those of plugins as "NAME REVISION".

    Raises:
        DatabaseUnavailableError: The database can't be reached.
    """
    with owner_engine(url) as connection:
        histories = list_revision_sets(host)
        return tuple(history.named(head) for history in histories for head in history.heads(connection))


def upgrade_set(connection: Connection, history: RevisionSet, revision: str) -> None:
    """Run the revisions of one history up to the given one, and let the service see which they are.

    Raises:
        MigrationFailedError: One of them failed, and was undone.
    """
    with translate_migration_errors(history):
        connection.commit()  # Alembic ends only the transactions that it has begun.
        command.upgrade(history.config(connection), revision)
        if history.plugin:
            connection.exec_driver_sql(f"GRANT SELECT ON {history.table} TO tenure_app")
            connection.commit()


def declared_tables(catalog: Catalog) -> MetaData:
    """Return the tables of a catalog, apart from all others that are declared in this process."""
    tables = MetaData(naming_convention=NAMING)
    for entity in catalog.entities.values():
        entity.table.to_metadata(tables)
    return tables


def differences(url: str, catalog: Catalog) -> list[Any]:
    """Return what Alembic would change to make the tables as declared; other tables don't count.

    Args:
        url: The database, migrated.
        catalog: What is declared.

    Raises:
        DatabaseUnavailableError: The database can't be reached.
    """
    tables = declared_tables(catalog)

    def declares(name: str | None, kind: str, _: object) -> bool:
        return kind != "table" or name in tables.tables

    options = {"include_name": declares, "compare_server_default": True}
    with owner_engine(url) as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables))


@contextmanager
def owner_engine(url: str) -> Iterator[Connection]:
    """Lend a connection as the owner of the tables.

    Raises:
        DatabaseUnavailableError: The database can't be reached.
        MigrationFailedError: It refuses a statement, or does not fit.
    """
    engine = create_engine("postgresql+psycopg://", creator=lambda: connect(url), poolclass=NullPool)
    with translate_migration_errors(core_revision_set()), engine.connect() as connection:
        yield connection


def _steps(connection: Connection, histories: Sequence[RevisionSet]) -> list[Step]:
    losses = LossDetector(connection)
    return [step for history in histories for step in _steps_of(connection, history, losses)]


def _steps_of(connection: Connection, history: RevisionSet, losses: LossDetector) -> Iterator[Step]:
    with translate_migration_errors(history):
        for script in history.pending(connection):
            yield Step(history, script.revision, script.doc, tuple(losses.of(script)))


def _check_losses(steps: Sequence[Step]) -> None:
    if lossy := [step for step in steps if step.losses]:
        said = "; ".join(f"{step.history.named(step.revision)} {step.losses[0]}" for step in lossy)
        raise DestructiveMigrationError(
            f"Migrations would take data away: {said}.",
            "See all of it with `tenure migrate --plan`, keep a backup, and run "
            "`tenure migrate --allow-destructive`.",
        )


def lock(connection: Connection) -> None:
    """Take the lock that only one migrating process holds; PostgreSQL frees it when the connection closes."""
    connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
    connection.commit()
