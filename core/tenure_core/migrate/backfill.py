"""Required columns: what records that are there get where a revision adds a column without a default."""

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

EMPTY: tuple[tuple[type[sql.TypeEngine[Any]], str], ...] = (
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
"""What stands for nothing, by the type of the column. No record stands for nothing: references have none."""


@dataclass
class RemarkOp(MigrateOperation):
    """A remark for whoever reads the revision."""

    remark: str


@renderers.dispatch_for(RemarkOp)
def _remark(_: AutogenContext, op: RemarkOp) -> str:
    return f"# {op.remark}"


def with_backfill(operations: Iterable[MigrateOperation]) -> Iterator[MigrateOperation]:
    """Yield operations of a revision, where each required column comes with a value for records there."""
    for op in operations:
        if isinstance(op, ModifyTableOps):
            yield ModifyTableOps(op.table_name, [one for step in op.ops for one in _steps(step)])
        else:
            yield op


def _steps(op: MigrateOperation) -> Iterator[MigrateOperation]:
    empty = _empty(op.column) if isinstance(op, AddColumnOp) else None
    if not isinstance(op, AddColumnOp) or empty is None:
        yield op
        return
    name = op.column.name
    filled = op.column._copy()
    filled.server_default = DefaultClause(text(empty))
    yield RemarkOp(f"Records that are there get {empty} as their {name}: choose what is right for them.")
    yield AddColumnOp(op.table_name, filled)
    yield AlterColumnOp(op.table_name, name, modify_server_default=None)


def _empty(column: Column[Any]) -> str | None:
    if column.nullable or column.server_default is not None:
        return None
    return next((empty for kind, empty in EMPTY if isinstance(column.type, kind)), None)
