"""Guarantee: the migrations create what the entities declare, run in both directions, and keep the data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from alembic import command
from sqlalchemy import Connection, inspect, text

from tenure_core.errors import TenureError
from tenure_core.migrate.autogenerate import describe, diff_against_database
from tenure_core.migrate.revision_sets import RevisionSet, plugin_revision_set, translate_migration_errors
from tenure_core.migrate.runner import owner_engine, upgrade_set
from tenure_core.migrate.schema_dump import dump_schema
from tenure_core.plugins.registrations import EntityClass
from tenure_sdk.conformance.fixtures.dump_diff import diff_dumps
from tenure_sdk.conformance.fixtures.installation import Installation
from tenure_sdk.conformance.fixtures.plugin_set import PluginSet
from tenure_sdk.conformance.fixtures.table_contents import (
    Contents,
    diff_contents,
    read_contents,
    restrict_contents,
)
from tenure_sdk.conformance.report import Check, Finding

CHECK = Check("migrations", "up, down, and up again with rows in the tables")

BASE = "base"
"""Alembic's name of the state before the first revision."""

WRITE_COLUMNS = ("version", "updated_at")
"""Columns that change with every write, also when a revision converts rows."""

UNPROTECTED_TABLES = text("""
    SELECT relname FROM pg_class
    WHERE relname = ANY (:tables) AND has_table_privilege('tenure_app', oid, 'SELECT')
        AND NOT (relrowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid))
""")
"""Tables that the service can read and that have no row-level security."""


def check_migrations(installation: Installation) -> Iterator[Finding]:
    """Run the revisions, write rows, and revert the revisions; yield a finding for each violation."""
    plugin = installation.plugin_set.loaded_plugin
    revisions = plugin_revision_set(plugin)
    if revisions and revisions.folder.is_dir():
        yield from _check_revisions(installation, revisions)
    elif plugin.registrations(EntityClass):
        hint = f"Generate them with `tenure plugin makemigration {plugin.name}`."
        yield CHECK.finding("migrations", "The plugin has entities but no migrations.", hint)


def _check_revisions(installation: Installation, revisions: RevisionSet) -> Iterator[Finding]:
    with owner_engine(installation.url) as connection:
        initial_tables = {*_table_names(connection), revisions.version_table}
        walk = RevisionWalk(installation.url, connection, revisions)
        findings = list(walk.upgrade())
        if not findings:
            tables = _table_names(connection) - initial_tables
            findings = list(_check_tables(connection, installation.plugin_set, tables))
        yield from findings
        if not findings:
            installation.write_rows()
            yield from walk.downgrade()


def _check_tables(connection: Connection, plugin_set: PluginSet, tables: set[str]) -> Iterator[Finding]:
    """Yield a finding for missing parts of the tables, and for tables without row-level security."""
    missing = diff_against_database(connection, plugin_set.alone.catalog, plugin_set.loaded_plugin, tables)
    if missing.ops:
        message = f"The migrations do not create all that the entities declare: {describe(missing)}."
        hint = f"Generate the missing migration with `tenure plugin makemigration {plugin_set.name}`."
        yield CHECK.finding("migrations", message, hint)
    for table in connection.execute(UNPROTECTED_TABLES, {"tables": list(tables)}).scalars():
        message = "The table has no row-level security, so every tenant can read the rows of all tenants."
        hint = f"Add `CALL tenure_enable_row_security('{table}')` to upgrade()."
        yield CHECK.finding(f"table {table}", message, hint)
    connection.commit()


class RevisionWalk:
    """Runs the revisions of a plugin one by one, in both directions, and compares the results.

    Args:
        url: The database, for the owner of its tables.
        connection: A connection to it.
        revisions: The revisions of the plugin.
    """

    def __init__(self, url: str, connection: Connection, revisions: RevisionSet) -> None:
        self._url = url
        self._connection = connection
        self._revisions = revisions
        newest_first = [script.revision for script in revisions.scripts.walk_revisions()]
        self._steps = [BASE, *reversed(newest_first)]
        self._dumps = {BASE: self._dump()}

    def upgrade(self) -> Iterator[Finding]:
        """Run all revisions, and keep a dump of the schema after each."""
        for revision in self._steps[1:]:
            try:
                upgrade_set(self._connection, self._revisions, revision)
            except TenureError as error:
                yield _finding(revision, f"upgrade() fails: {error}", "Fix upgrade().")
                return
            self._dumps[revision] = self._dump()

    def downgrade(self) -> Iterator[Finding]:
        """Revert all revisions, with rows in the tables. Each is reverted, repeated, and reverted again."""
        for lower, upper in reversed(list(pairwise(self._steps))):
            findings = list(self._repeat(lower, upper))
            yield from findings
            if findings:
                return
            self._downgrade_to(lower)

    def _repeat(self, lower: str, upper: str) -> Iterator[Finding]:
        """Revert and repeat a revision; yield a finding if that fails or loses data."""
        before = self._read_contents()
        try:
            self._downgrade_to(lower)
        except TenureError as error:
            yield _finding(upper, f"downgrade() fails: {error}", "Fix downgrade().")
            return
        if difference := diff_dumps(self._dumps[lower], self._dump()):
            message = f"The schema after downgrade() differs from before upgrade(): {difference}."
            yield _finding(upper, message, "Undo all changes of upgrade() in downgrade().")
            return
        between = self._read_contents()
        try:
            upgrade_set(self._connection, self._revisions, upper)
        except TenureError as error:
            hint = "Give new columns a value in existing rows, with `server_default` or an UPDATE."
            yield _finding(upper, f"upgrade() fails on tables that contain rows: {error}", hint)
            return
        expected = restrict_contents(before, between)
        for difference in diff_contents(expected, self._read_contents(), WRITE_COLUMNS):
            hint = "Convert the values in both upgrade() and downgrade()."
            yield _finding(upper, f"downgrade() and upgrade() change the data: {difference}.", hint)

    def _downgrade_to(self, revision: str) -> None:
        with translate_migration_errors(self._revisions):
            self._connection.commit()
            command.downgrade(self._revisions.config(self._connection), revision)

    def _dump(self) -> list[str]:
        """Return a dump of the schema without the table that contains the current revision."""
        return [line for line in dump_schema(self._url) if self._revisions.version_table not in line]

    def _read_contents(self) -> Contents:
        contents = read_contents(self._connection)
        self._connection.commit()
        return contents


def _finding(revision: str, message: str, hint: str) -> Finding:
    return CHECK.finding(f"migration {revision}", message, hint)


def _table_names(connection: Connection) -> set[str]:
    names = set(inspect(connection).get_table_names())
    connection.commit()
    return names
