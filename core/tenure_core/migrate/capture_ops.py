"""Alembic operations for change capture and row-level security, and for type changes that convert values."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from textwrap import indent
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrateOperation
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
"""A dialect without a driver: a driver's dialect doubles each percent sign."""

PARAMETER = re.compile(r"(?<![:\w]):(?=\w)")
"""A colon that SQLAlchemy would parse as the start of a parameter."""


@dataclass(frozen=True)
class Captured:
    """The arguments of change capture for a table.

    Args:
        entity: The name of the entity in the change feed.
        template: The captured fields; see `tenure_core.catalog.change_operation.capture_template`.
    """

    entity: str
    template: dict[str, Any]


@dataclass
class CaptureTableOp(MigrateOperation):
    """Enables row-level security and change capture for a new table."""

    table_name: str
    captured: Captured

    def reverse(self) -> UncaptureTableOp:
        """Return the inverse operation."""
        return UncaptureTableOp(self.table_name, self.captured)


@dataclass
class UncaptureTableOp(MigrateOperation):
    """Drops the triggers of a table that is about to be dropped."""

    table_name: str
    captured: Captured

    def reverse(self) -> CaptureTableOp:
        """Return the inverse operation."""
        return CaptureTableOp(self.table_name, self.captured)


@dataclass
class ChangeCaptureOp(MigrateOperation):
    """Changes the fields that change capture records."""

    table_name: str
    after: Captured
    before: Captured

    def reverse(self) -> ChangeCaptureOp:
        """Return the inverse operation."""
        return ChangeCaptureOp(self.table_name, self.before, self.after)


@dataclass
class ChangeTypeOp(MigrateOperation):
    """Changes the type of a column and converts its values."""

    table_name: str
    column: str
    after: TypeEngine[Any]
    before: TypeEngine[Any]

    def reverse(self) -> ChangeTypeOp:
        """Return the inverse operation."""
        return ChangeTypeOp(self.table_name, self.column, self.before, self.after)


@renderers.dispatch_for(CaptureTableOp)
def _render_capture(_: AutogenContext, op: CaptureTableOp) -> list[str]:
    row_security = f"CALL tenure_enable_row_security('{op.table_name}')"
    return [execute_code(row_security), execute_code(capture_call(op.table_name, op.captured))]


@renderers.dispatch_for(UncaptureTableOp)
def _render_uncapture(_: AutogenContext, op: UncaptureTableOp) -> str:
    return execute_code(f"CALL tenure_uncapture('{op.table_name}')")


@renderers.dispatch_for(ChangeCaptureOp)
def _render_capture_change(_: AutogenContext, op: ChangeCaptureOp) -> str:
    return execute_code(capture_call(op.table_name, op.after))


@renderers.dispatch_for(ChangeTypeOp)
def _render_type_change(_: AutogenContext, op: ChangeTypeOp) -> str:
    new_type = type_name(op.after)
    without_collation = new_type.partition(" COLLATE")[0]
    action = f'ALTER COLUMN "{op.column}" TYPE {new_type} USING "{op.column}"::{without_collation}'
    return execute_code(f'ALTER TABLE "{op.table_name}"\n    {action}')


def type_name(type_: TypeEngine[Any]) -> str:
    """Return PostgreSQL's name of a type, in lower case and in its short form."""
    name = type_.compile(dialect=DIALECT).lower()
    return name.replace("timestamp with time zone", "timestamptz").replace('collate "c"', 'COLLATE "C"')


def execute_code(statement: str) -> str:
    """Return the Python code that executes an SQL statement."""
    escaped = escape_sql(statement)
    if "\n" not in escaped and '"' not in escaped:
        return f'op.execute("{escaped}")'
    return f'op.execute("""\n{indent(escaped, "    ")}\n""")'


def escape_sql(statement: str) -> str:
    """Return SQL for a triple-quoted Python string that is executed without parameters."""
    escaped = PARAMETER.sub(r"\\:", statement)
    return escaped.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def capture_call(table: str, captured: Captured) -> str:
    """Return the SQL that installs the change-capture triggers of a table."""
    template = json.dumps(captured.template, indent=4)
    return f"CALL tenure_capture('{table}', '{captured.entity}', '{template}')"
