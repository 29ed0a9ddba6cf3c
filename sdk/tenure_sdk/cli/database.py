"""The PostgreSQL database of a command: that of DATABASE_URL, or the embedded one while the command runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tenure_core.errors import PendingMigrationsError

if TYPE_CHECKING:
    from tenure_core.plugins.host import Host
    from tenure_core.settings import Settings


@contextmanager
def running_postgres(settings: Settings) -> Iterator[str]:
    """Yield the URL of the database. Starts the embedded PostgreSQL if DATABASE_URL is not set.

    Raises:
        DatabaseUnavailableError: The embedded PostgreSQL can't start.
    """
    if settings.database_url:
        yield settings.database_url
        return
    from tenure_core.postgres.embedded import EmbeddedPostgres

    with EmbeddedPostgres(settings.home) as postgres:
        yield postgres.url


def owner_url(settings: Settings, url: str) -> str:
    """Return the URL for the owner of the tables: TENURE_MIGRATE_DATABASE_URL, or else the given URL."""
    return settings.migrate_database_url or url


@contextmanager
def migrated_postgres(settings: Settings, host: Host | None = None) -> Iterator[tuple[str, str]]:
    """Yield the URLs of the database for the service and for the owner of its tables; see `running_postgres`.

    Args:
        settings: The settings of the command.
        host: The plugins whose migrations are checked, too.

    Raises:
        PendingMigrationsError: Migrations are missing.
        DatabaseUnavailableError: The database can't be reached.
    """
    with running_postgres(settings) as url:
        owner = owner_url(settings, url)
        check_migrations(owner, host)
        yield url, owner


def check_migrations(url: str, host: Host | None = None) -> None:
    """Check that the database has all migrations.

    Args:
        url: The database.
        host: The plugins whose migrations are checked, too.

    Raises:
        PendingMigrationsError: Migrations are missing.
        DatabaseUnavailableError: The database can't be reached.
    """
    from tenure_core.migrate.runner import pending

    if missing := pending(url, host):
        raise PendingMigrationsError(
            f"The database lacks {len(missing)} migration(s).", "Run `tenure migrate`."
        )
