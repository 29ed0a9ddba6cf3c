"""Finds the data that a revision would delete, before it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alembic.ddl.postgresql import PostgresqlImpl
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script
from sqlalchemy import DDL, Column, Connection, Table, text
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.types import TypeEngine

from tenure_core.migrate.capture_ops import DIALECT
from tenure_core.migrate.raw_sql import (
    DataLoss,
    NewTable,
    TableChange,
    TypeChange,
    drop_column_loss,
    drop_table_loss,
    parse_changes,
)

WIDENING = {
    ("integer", "bigint"),
    ("integer", "double precision"),
    ("integer", "numeric"),
    ("bigint", "numeric"),
    ("real", "double precision"),
    ("json", "jsonb"),
}
"""Type changes that keep every value. A change to text keeps every value, too."""

SELECT_TYPE = text("""
    SELECT format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = to_regclass(:table) AND attname = :column
""")


class LossDetector:
    """Finds data loss in consecutive revisions. Dropping a table that one of them created is not a loss.

    Args:
        connection: The database on which the revisions would run; the current types of columns are read
            from it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._new_tables: set[str] = set()

    def find(self, script: Script) -> list[str]:
        """Return a phrase for each loss of data by a revision, such as "drops the table vehicle"."""
        try:
            changes = record_changes(script)
        except Exception as error:  # a revision can fail in any way without a database
            return [f"cannot be analyzed before it runs ({type(error).__name__}: {error})"]
        return list(dict.fromkeys(loss for change in changes for loss in self._find_loss(change)))

    def _find_loss(self, change: TableChange) -> Iterator[str]:
        if isinstance(change, NewTable):
            self._new_tables.add(change.table)
        elif change.table in self._new_tables:
            return
        elif isinstance(change, DataLoss):
            yield change.description
        else:
            yield from self._check_type_change(change)

    def _check_type_change(self, change: TypeChange) -> Iterator[str]:
        names = {"table": change.table, "column": change.column}
        old = self._connection.execute(SELECT_TYPE, names).scalar()
        if change.new_type not in (old, "text") and (old, change.new_type) not in WIDENING:
            yield f"narrows {change.table}.{change.column} from {old or 'its type'} to {change.new_type}"


def record_changes(script: Script) -> list[TableChange]:
    """Run a revision without a database and return its changes to tables."""
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True})
    recorder = context.impl = _Recorder(context)
    with Operations.context(context):
        script.module.upgrade()
    return recorder.changes


class _Recorder(PostgresqlImpl):
    """Records the operations of a revision instead of executing them."""

    def __init__(self, context: MigrationContext) -> None:
        super().__init__(context.dialect, None, True, None, None, {})
        self.connection = _RecordingConnection(self)  # type: ignore[assignment]  # it only records
        self.changes: list[TableChange] = []

    def create_table(self, table: Table, **_: Any) -> None:  # noqa: ANN401  # as Alembic types it
        """Record a new table."""
        self.changes.append(NewTable(table.name))

    def drop_table(self, table: Table, **_: Any) -> None:  # noqa: ANN401
        """Record the loss of a table."""
        self.changes.append(drop_table_loss(table.name))

    def drop_column(self, table_name: str, column: Column[Any], **_: Any) -> None:  # noqa: ANN401
        """Record the loss of a column."""
        self.changes += drop_column_loss(table_name, column.name)

    def alter_column(
        self,
        table_name: str,
        column_name: str,
        *,
        type_: TypeEngine[Any] | None = None,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Record a change of type."""
        if type_ is not None:
            new_type = type_.compile(dialect=DIALECT).lower()
            self.changes.append(TypeChange(table_name, column_name, new_type))

    def _exec(self, construct: object, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Record the changes of a statement."""
        if isinstance(construct, DDL) or not isinstance(construct, ExecutableDDLElement):
            self.changes += parse_changes(str(construct))


class _RecordingConnection:
    """The connection of a revision that executes statements without Alembic's operations."""

    def __init__(self, recorder: _Recorder) -> None:
        self._recorder = recorder

    def execute(self, statement: object, *_: object, **__: object) -> None:
        """Record the changes of a statement."""
        self._recorder.changes += parse_changes(str(statement))

    exec_driver_sql = execute
