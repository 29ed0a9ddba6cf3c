"""Histories: the revisions of the core and of each plugin, every one counted in a table of its own."""

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
"""The folder of a plugin's revisions, beside the module that holds its hooks."""

VERSION_TABLE = "alembic_version"


class MigrationFailedError(TenureError):
    """A migration that the database refused, or a database that this code does not know."""

    code = "MIGRATION_FAILED"


@dataclass(frozen=True)
class RevisionSet:
    """The revisions of the core, or of one plugin.

    Args:
        plugin: The plugin; "" for the core.
        folder: Where the revisions lie.
    """

    plugin: str
    folder: Path

    @property
    def table(self) -> str:
        """The table that says which of the revisions a database holds."""
        return f"{VERSION_TABLE}_{self.plugin}" if self.plugin else VERSION_TABLE

    @property
    def owner(self) -> str:
        """Whose they are, for people."""
        return f"the plugin {self.plugin}" if self.plugin else "Tenure"

    def named(self, revision: str) -> str:
        """Return what people call one of the revisions."""
        return f"{self.plugin} {revision}".strip()

    @property
    def scripts(self) -> ScriptDirectory:
        """The revisions as Alembic has them."""
        return ScriptDirectory.from_config(self._config())

    def heads(self, connection: Connection) -> tuple[str, ...]:
        """Return the newest of the revisions that a database holds; none where it holds none."""
        options = {"version_table": self.table}
        return MigrationContext.configure(connection, opts=options).get_current_heads()

    def pending(self, connection: Connection) -> list[Script]:
        """Return the revisions that a database lacks, the oldest first."""
        return list(self.scripts.iterate_revisions("heads", self.heads(connection) or "base"))[::-1]

    def config(self, connection: Connection) -> Config:
        """Return what Alembic's commands take.

        Of entities whose tables a plugin's revisions drop, nothing is kept elsewhere either.
        """
        config = self._config()
        after_each = OrphanCleanup(connection) if self.plugin else None
        config.attributes.update(connection=connection, version_table=self.table, after_each=after_each)
        return config

    def _config(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(_core_migrations()))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", str(self.folder).replace("%", "%%"))
        return config


def core_revision_set() -> RevisionSet:
    """Return the core's revisions.

    Raises:
        MigrationFailedError: Their package is not installed.
    """
    return RevisionSet("", _core_migrations() / "versions")


def plugin_revision_set(plugin: LoadedPlugin) -> RevisionSet | None:
    """Return the revisions of a plugin, or None where it is no module that a folder could lie beside."""
    file = getattr(plugin.hooks, "__file__", None)
    return RevisionSet(plugin.name, Path(file).parent / MIGRATIONS) if file else None


def list_revision_sets(host: Host | None) -> list[RevisionSet]:
    """Return the revisions of the core and of the plugins that have some, in the order in which they run."""
    plugins = host.plugins if host else ()
    found = [
        history for plugin in plugins if (history := plugin_revision_set(plugin)) and history.folder.is_dir()
    ]
    return [core_revision_set(), *found]


@contextmanager
def translate_migration_errors(history: RevisionSet) -> Iterator[None]:
    """Say whose migrations it is that fail, and what to do.

    Raises:
        DatabaseUnavailableError: The database can't be reached.
        MigrationFailedError: It refuses, it does not fit, or the revisions of a plugin are faulty.
    """
    try:
        yield
    except DBAPIError as error:
        raise _to_migration_error(error, history) from error
    except (CommandError, RevisionError) as error:
        raise MigrationFailedError(
            f"The database does not fit this version of {history.owner}: {error}.",
            "Serve it with the version that migrated it.",
        ) from error
    except Exception as error:
        if isinstance(error, TenureError) or not history.plugin:
            raise
        raise MigrationFailedError(
            f"A migration of {history.owner} is faulty: {type(error).__name__}: {error}.",
            "Nothing of it was kept. It has to be mended where it was written.",
        ) from error


def _to_migration_error(error: DBAPIError, history: RevisionSet) -> TenureError:
    if not isinstance(error.orig, psycopg.Error):
        raise error
    known = translate_error(error.orig)
    if isinstance(known, DatabaseUnavailableError):
        return known
    said = error.orig.diag
    return MigrationFailedError(
        f"The database refused a migration of {history.owner}: {said.message_primary or error.orig}.",
        said.message_hint
        or "Nothing was changed. Migrations run as the owner of the tables: check the URL's user.",
    )


def _core_migrations() -> Path:
    """Find the package of the core's revisions by its name: the core stands below it and can't import it."""
    found = importlib.util.find_spec("tenure_migrations")
    if found is None or found.origin is None:
        raise MigrationFailedError(
            "The package tenure-migrations is not installed.", "Install it beside tenure-core."
        )
    return Path(found.origin).parent
