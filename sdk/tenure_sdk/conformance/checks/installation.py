"""Installing: a plugin comes into a database, alone and beside others, and leaves it as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from sqlalchemy import Connection, inspect, text

from tenure_core.access.api_keys import ensure_tenant
from tenure_core.migrate.autogenerate import describe, diff_against_database
from tenure_core.migrate.revision_sets import RevisionSet, plugin_revision_set
from tenure_core.migrate.runner import owner_engine, upgrade
from tenure_core.migrate.schema_dump import dump_schema
from tenure_core.migrate.uninstall import Target, uninstall
from tenure_core.plugins.actor import plugin_actor
from tenure_core.plugins.administration.enablement import enable
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings, load_settings
from tenure_schema.app import create_app
from tenure_sdk.conformance.checks.loading import attempted, places
from tenure_sdk.conformance.checks.migrations import CHECK as MIGRATIONS
from tenure_sdk.conformance.checks.migrations import RevisionWalk
from tenure_sdk.conformance.fixtures.demo_rows import DemoRowSource
from tenure_sdk.conformance.fixtures.dump_diff import diff_dumps
from tenure_sdk.conformance.fixtures.plugin_set import PluginSet
from tenure_sdk.conformance.fixtures.row_factory import write_rows
from tenure_sdk.conformance.report import Finding

UNINSTALL = "uninstall"

ROWS = 3

OPEN_TABLES = text("""
    SELECT relname FROM pg_class
    WHERE relname = ANY (:tables) AND has_table_privilege('tenure_app', oid, 'SELECT')
        AND NOT (relrowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid))
""")
"""Tables that the service may read, and that show it all tenants' rows."""


class Installing:
    """A plugin in a database of its own.

    Args:
        url: The database, empty, as its owner.
        company: The plugin, and those around it.
    """

    def __init__(self, url: str, company: PluginSet) -> None:
        self._url = url
        self._company = company
        self._plugin = company.loaded
        self._before: list[str] = []
        self._settings = load_settings(database_url=url, worker=False)

    def migrations(self) -> Iterator[Finding]:
        """Run the plugin's revisions, write rows, take the revisions back; yield what is wrong with them."""
        upgrade(self._url, self._company.base)
        self._before = dump_schema(self._url)
        history = plugin_revision_set(self._plugin)
        if history and history.folder.is_dir():
            yield from self._climbed(history)
        elif self._plugin.entities:
            mend = f"Write them with `tenure plugin makemigration {self._plugin.name}`."
            yield Finding(MIGRATIONS, "migrations", "There are entities, and no migrations.", mend)

    def removal(self) -> Iterator[Finding]:
        """Install the plugin anew, write rows, uninstall it; yield what it leaves behind."""
        upgrade(self._url, self._company.alone, allow_destructive=True)
        asyncio.run(self._write_rows())
        with TemporaryDirectory() as folder:
            place = Target(self._url, self._url, self._settings)
            uninstall(place, self._company.alone, self._plugin.name, Path(folder))
        if left := diff_dumps(self._before, dump_schema(self._url)):
            mend = "Undo in downgrade() all that upgrade() does."
            yield Finding(UNINSTALL, "database", f"Uninstalled, it leaves something behind: {left}.", mend)

    def serving(self) -> Iterator[Finding]:
        """Serve the plugin with all others on one database; yield what keeps them from that."""
        yield from attempted(places(self._company), self._serve)

    def _climbed(self, history: RevisionSet) -> Iterator[Finding]:
        with owner_engine(self._url) as connection:
            before = {*_tables(connection), history.table}
            ladder = RevisionWalk(self._url, connection, history)
            wrong = list(ladder.climb()) or list(self._unmade(connection, _tables(connection) - before))
            yield from wrong
            if not wrong:
                asyncio.run(self._write_rows())
                yield from ladder.descend()

    def _unmade(self, connection: Connection, owned: set[str]) -> Iterator[Finding]:
        """Yield what the revisions have left undone."""
        needed = diff_against_database(connection, self._company.alone.catalog, self._plugin, owned)
        if needed.ops:
            what = f"They don't make all that the entities declare: {describe(needed)}."
            mend = f"Write what is missing with `tenure plugin makemigration {self._plugin.name}`."
            yield Finding(MIGRATIONS, "migrations", what, mend)
        for table in connection.execute(OPEN_TABLES, {"tables": list(owned)}).scalars():
            what = "It shows every tenant the rows of all others."
            yield Finding(MIGRATIONS, f"table {table}", what, f"Add `CALL tenure_protect('{table}')`.")
        connection.commit()

    def _serve(self) -> None:
        """Start all plugins on one database."""
        upgrade(self._url, self._company.all, allow_destructive=True)
        modules = [plugin.hooks for plugin in self._company.all.plugins]
        asyncio.run(_started(self._settings, self._url, modules))

    async def _write_rows(self) -> None:
        host = self._company.alone
        tenant = ensure_tenant(self._url, f"installing {uuid4()}")
        actor = plugin_actor(self._plugin.name, tenant, frozenset(one.name for one in host.plugins))
        async with Database(self._url, self._settings) as database:
            async with database.write_transaction(tenant, actor.audit_name, actor.origin) as connection:
                for plugin in host.plugins:
                    await enable(connection, host, plugin.name, tenant)
            await write_rows(database, host.catalog, actor, DemoRowSource(self._plugin), "kept", ROWS)


async def _started(settings: Settings, url: str, modules: list[object]) -> None:
    app = create_app(settings, url, modules)
    async with app.router.lifespan_context(app):
        pass


def _tables(connection: Connection) -> set[str]:
    found = set(inspect(connection).get_table_names())
    connection.commit()
    return found
