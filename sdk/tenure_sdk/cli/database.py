"""The PostgreSQL that a command works on: that of DATABASE_URL, or the embedded one while it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tenure_core.errors import PendingMigrationsError
from tenure_core.settings import Settings

if TYPE_CHECKING:
    from tenure_core.plugins.host import Host


@contextmanager
def running_postgres(settings: Settings) -> Iterator[str]:
    """Yield the URL of the PostgreSQL to work on; what was started for it is stopped afterwards.

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
    """Return the URL of the tables' owner, who migrates and makes keys: by default the service's own."""
    return settings.migrate_database_url or url


def refuse_pending_migrations(url: str, host: Host | None = None) -> None:
    """Return where the database is as new as this code.

    Args:
        url: The database.
        host: The plugins that it must be as new as, too.

    Raises:
        PendingMigrationsError: It is older.
        DatabaseUnavailableError: It can't be reached.
    """
    from tenure_core.migrate.runner import pending

    if missing := pending(url, host):
        raise PendingMigrationsError(
            f"The database lacks {len(missing)} migration(s).", "Run `tenure migrate`."
        )
