"""The revisions of the core and of each plugin. Each set has its own version table."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from tenure_core.errors import DatabaseUnavailableError, TenureError
from tenure_core.migrate.orphan_cleanup import OrphanCleanup
from tenure_core.postgres.database import translate_error

if TYPE_CHECKING:
    from tenure_core.plugins.host import Host
    from tenure_core.plugins.plugin import LoadedPlugin

MIGRATIONS = "migrations"
"""The folder of a plugin's revisions, next to the module with its hooks."""

VERSION_TABLE = "alembic_version"


class MigrationFailedError(TenureError):
    """A migration failed, or the database has revisions that this code does not contain."""

    code = "MIGRATION_FAILED"


@dataclass(frozen=True)
class RevisionSet:
    """The revisions of the core or of one plugin.

    Args:
        plugin: The name of the plugin; "" for the core.
        folder: The folder with the revisions.
    """

    plugin: str
    folder: Path

    @property
    def version_table(self) -> str:
        """The table that contains the applied revisions."""
        return f"{VERSION_TABLE}_{self.plugin}" if self.plugin else VERSION_TABLE

    @property
    def owner(self) -> str:
        """The owner for messages: "the plugin NAME" or "Tenure"."""
        return f"the plugin {self.plugin}" if self.plugin else "Tenure"

    def qualify(self, revision: str) -> str:
        """Return a revision with the name of the plugin, such as "fleet 0001"."""
        return f"{self.plugin} {revision}".strip()

    @property
    def scripts(self) -> ScriptDirectory:
        """The revisions as Alembic's script directory."""
        return ScriptDirectory.from_config(self._create_config())

    def heads(self, connection: Connection) -> tuple[str, ...]:
        """Return the newest applied revisions."""
        options = {"version_table": self.version_table}
        return MigrationContext.configure(connection, opts=options).get_current_heads()

    def pending(self, connection: Connection) -> list[Script]:
        """Return the revisions that have not been applied, the oldest first."""
        return list(self.scripts.iterate_revisions("heads", self.heads(connection) or "base"))[::-1]

    def config(self, connection: Connection) -> Config:
        """Return the configuration for Alembic's commands.

        After each revision of a plugin, the rows of dropped entities are deleted from the core's tables.
        """
        config = self._create_config()
        cleanup = OrphanCleanup(connection) if self.plugin else None
        config.attributes.update(connection=connection, version_table=self.version_table, after_each=cleanup)
        return config

    def _create_config(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(_find_core_migrations()))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", str(self.folder).replace("%", "%%"))
        return config


def core_revision_set() -> RevisionSet:
    """Return the revisions of the core.

    Raises:
        MigrationFailedError: The package tenure-migrations is not installed.
    """
    return RevisionSet("", _find_core_migrations() / "versions")


def plugin_revision_set(plugin: LoadedPlugin) -> RevisionSet | None:
    """Return the revisions of a plugin; None if the plugin is not a module in a file."""
    file = getattr(plugin.hooks.module, "__file__", None)
    return RevisionSet(plugin.name, Path(file).parent / MIGRATIONS) if file else None


def list_revision_sets(host: Host | None) -> list[RevisionSet]:
    """Return the revisions of the core and of the plugins that have some, in the order in which they run."""
    plugins = host.plugins if host else ()
    sets = [plugin_revision_set(plugin) for plugin in plugins]
    return [core_revision_set(), *(s for s in sets if s and s.folder.is_dir())]


@contextmanager
def translate_migration_errors(revision_set: RevisionSet) -> Iterator[None]:
    """Translate errors of Alembic, SQLAlchemy and revisions; the message names the owner of the revisions.

    Raises:
        DatabaseUnavailableError: The database cannot be reached.
        MigrationFailedError: A statement or a revision of a plugin failed, or the database has unknown
            revisions.
    """
    try:
        yield
    except DBAPIError as error:
        raise _to_migration_error(error, revision_set) from error
    except (CommandError, RevisionError) as error:
        raise MigrationFailedError(
            f"The database does not match this version of {revision_set.owner}: {error}.",
            "Use the version that migrated the database.",
        ) from error
    except Exception as error:
        if isinstance(error, TenureError) or not revision_set.plugin:
            raise
        raise MigrationFailedError(
            f"A migration of {revision_set.owner} failed: {type(error).__name__}: {error}.",
            "It was rolled back. Correct the migration in the plugin.",
        ) from error


def _to_migration_error(error: DBAPIError, revision_set: RevisionSet) -> TenureError:
    if not isinstance(error.orig, psycopg.Error):
        raise error
    translated = translate_error(error.orig)
    if isinstance(translated, DatabaseUnavailableError):
        return translated
    detail = error.orig.diag
    return MigrationFailedError(
        f"PostgreSQL rejected a migration of {revision_set.owner}: {detail.message_primary or error.orig}.",
        detail.message_hint
        or "It was rolled back. Migrations run as the owner of the tables: check the user in the URL.",
    )


def _find_core_migrations() -> Path:
    """Find the package of the core's revisions by name, because the core must not import it."""
    spec = importlib.util.find_spec("tenure_migrations")
    if spec is None or spec.origin is None:
        raise MigrationFailedError(
            "The package tenure-migrations is not installed.", "Install it together with tenure-core."
        )
    return Path(spec.origin).parent
