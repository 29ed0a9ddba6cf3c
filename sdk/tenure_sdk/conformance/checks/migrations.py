"""Migrations: they make what is declared, go up, down and up again, and keep what they can."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from alembic import command
from sqlalchemy import Connection

from tenure_core.errors import TenureError
from tenure_core.migrate.revision_sets import RevisionSet, translate_migration_errors
from tenure_core.migrate.runner import upgrade_set
from tenure_core.migrate.schema_dump import dump_schema
from tenure_sdk.conformance.fixtures.dump_diff import diff_dumps
from tenure_sdk.conformance.fixtures.table_contents import Contents, diff_contents, read_contents, within
from tenure_sdk.conformance.report import Finding

CHECK = "migrations"

BASE = "base"

STAMPS = ("version", "updated_at")
"""What every write of a row changes, so that a revision that converts rows does, too."""


class RevisionWalk:
    """The revisions of a plugin, in a database that holds all that it stands on.

    Args:
        url: The database, as the owner of its tables.
        connection: To the same.
        history: The plugin's revisions.
    """

    def __init__(self, url: str, connection: Connection, history: RevisionSet) -> None:
        self._url = url
        self._connection = connection
        self._history = history
        newest_first = [one.revision for one in history.scripts.walk_revisions()]
        self.steps = [BASE, *reversed(newest_first)]
        self._shapes = {BASE: self._shape()}

    def climb(self) -> Iterator[Finding]:
        """Run all revisions one by one, and remember what each one makes of the database."""
        for revision in self.steps[1:]:
            try:
                upgrade_set(self._connection, self._history, revision)
            except TenureError as error:
                yield _found(revision, f"It can't be run: {error}", "Mend its upgrade().")
                return
            self._shapes[revision] = self._shape()

    def descend(self) -> Iterator[Finding]:
        """Take the revisions back one by one, with rows in the tables, each there and back first."""
        for lower, upper in reversed(list(pairwise(self.steps))):
            wrong = list(self._swing(lower, upper))
            yield from wrong
            if wrong:
                return
            self._back(lower)

    def _swing(self, lower: str, upper: str) -> Iterator[Finding]:
        """Take a revision back and run it again, and yield what that has done to the database."""
        before = self._contents()
        try:
            self._back(lower)
        except TenureError as error:
            yield _found(upper, f"It can't be taken back: {error}", "Mend its downgrade().")
            return
        if left := diff_dumps(self._shapes[lower], self._shape()):
            yield _found(upper, f"Taken back, it leaves something behind: {left}.", "Undo it in downgrade().")
            return
        between = self._contents()
        try:
            upgrade_set(self._connection, self._history, upper)
        except TenureError as error:
            mend = "Give new columns a value for rows that are there, with `server_default` or an UPDATE."
            yield _found(upper, f"It can't be run on a database that holds rows: {error}", mend)
            return
        for lost in diff_contents(within(before, between), self._contents(), STAMPS):
            mend = "Carry the values over in both upgrade() and downgrade()."
            yield _found(upper, f"Taken back and run again, it does not keep the data: {lost}.", mend)

    def _back(self, revision: str) -> None:
        with translate_migration_errors(self._history):
            self._connection.commit()
            command.downgrade(self._history.config(self._connection), revision)

    def _shape(self) -> list[str]:
        """Return the database's shape, without the table that counts the revisions."""
        return [line for line in dump_schema(self._url) if self._history.table not in line]

    def _contents(self) -> Contents:
        found = read_contents(self._connection)
        self._connection.commit()
        return found


def _found(revision: str, what: str, mend: str) -> Finding:
    return Finding(CHECK, f"migration {revision}", what, mend)
