"""Adds values for existing rows to the columns that a revision adds as NOT NULL without a default."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import AddColumnOp, AlterColumnOp, MigrateOperation, ModifyTableOps
from sqlalchemy import Column, DefaultClause, text
from sqlalchemy import types as sql
from sqlalchemy.dialects import postgresql

EMPTY_VALUES: tuple[tuple[type[sql.TypeEngine[Any]], str], ...] = (
    (sql.String, "''"),
    (sql.Boolean, "false"),
    (sql.Integer, "0"),
    (sql.Numeric, "0"),
    (sql.Float, "0"),
    (sql.Date, "now()"),
    (sql.DateTime, "now()"),
    (postgresql.ARRAY, "'{}'"),
    (postgresql.JSONB, "'{}'"),
)
"""The value for existing rows by column type. References have none: there is no empty record."""


@dataclass
class CommentOp(MigrateOperation):
    """A comment for the author of the revision."""

    text: str


@renderers.dispatch_for(CommentOp)
def _render_comment(_: AutogenContext, op: CommentOp) -> str:
    return f"# {op.text}"


def with_backfill(operations: Iterable[MigrateOperation]) -> Iterator[MigrateOperation]:
    """Yield the operations of a revision, with a value for existing rows in each added NOT NULL column."""
    for op in operations:
        if isinstance(op, ModifyTableOps):
            yield ModifyTableOps(op.table_name, [step for nested in op.ops for step in _backfill(nested)])
        else:
            yield op


def _backfill(op: MigrateOperation) -> Iterator[MigrateOperation]:
    value = _empty_value(op.column) if isinstance(op, AddColumnOp) else None
    if not isinstance(op, AddColumnOp) or value is None:
        yield op
        return
    name = op.column.name
    column = op.column._copy()
    column.server_default = DefaultClause(text(value))
    yield CommentOp(f"Existing rows get {value} as their {name}: choose the correct value.")
    yield AddColumnOp(op.table_name, column)
    yield AlterColumnOp(op.table_name, name, modify_server_default=None)


def _empty_value(column: Column[Any]) -> str | None:
    if column.nullable or column.server_default is not None:
        return None
    return next((value for type_, value in EMPTY_VALUES if isinstance(column.type, type_)), None)
