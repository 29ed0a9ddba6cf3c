"""Alembic operations that create or drop the complete table of an entity.

A revision contains the SQL of the system columns as of the day on which it was written. It imports nothing of
Tenure, so a later version of Tenure does not change what the revision does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from textwrap import indent

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import (
    CreateIndexOp,
    CreateTableOp,
    DropIndexOp,
    DropTableOp,
    MigrateOperation,
    ModifyTableOps,
)
from sqlalchemy import PrimaryKeyConstraint, Table
from sqlalchemy.schema import AddConstraint, CreateColumn, CreateIndex

from tenure_core.migrate.capture_ops import (
    DIALECT,
    Captured,
    CaptureTableOp,
    UncaptureTableOp,
    capture_call,
    escape_sql,
    execute_code,
    type_name,
)

HELPERS = '''def create_table(name: str, columns: str) -> None:
    """Create the table of an entity with the system columns and row-level security."""
    op.execute(f"""
        CREATE TABLE "{name}" (
            tenant_id uuid NOT NULL,
            id uuid DEFAULT tenure_uuid7() NOT NULL,
            {columns}
            version integer DEFAULT 1 NOT NULL,
            created_at timestamptz DEFAULT now() NOT NULL,
            updated_at timestamptz DEFAULT now() NOT NULL,
            deleted_at timestamptz,
            CONSTRAINT pk_{name} PRIMARY KEY (tenant_id, id)
        )
    """)
    op.execute(f'CREATE INDEX ix_{name}_created_at ON "{name}" (tenant_id, created_at, id)')
    op.execute(f"CALL tenure_enable_row_security('{name}')")


def drop_table(name: str) -> None:
    """Drop the table of an entity and its change capture."""
    op.execute(f"CALL tenure_uncapture('{name}')")
    op.drop_table(name)'''
"""The functions that revisions use to create and drop tables of entities."""

SYSTEM_COLUMNS = frozenset(("tenant_id", "id", "version", "created_at", "updated_at", "deleted_at"))
"""The columns that `create_table` in `HELPERS` adds."""


@dataclass
class CreateEntityTableOp(MigrateOperation):
    """Creates the table of an entity with its indexes and change capture.

    Args:
        create: Creates the table.
        indexes: Create the indexes.
        captured: The arguments of change capture.
    """

    create: CreateTableOp
    indexes: Sequence[CreateIndexOp]
    captured: Captured

    @property
    def table_name(self) -> str:
        """The name of the table."""
        return self.create.table_name

    def reverse(self) -> DropEntityTableOp:
        """Return the inverse operation."""
        return DropEntityTableOp(self)


@dataclass
class DropEntityTableOp(MigrateOperation):
    """Drops the table of an entity with its change capture.

    Args:
        create: The inverse operation.
    """

    create: CreateEntityTableOp

    @property
    def table_name(self) -> str:
        """The name of the table."""
        return self.create.table_name

    def reverse(self) -> CreateEntityTableOp:
        """Return the inverse operation."""
        return self.create


@renderers.dispatch_for(CreateEntityTableOp)
def _render_create(_: AutogenContext, op: CreateEntityTableOp) -> str:
    return f"create_{op.table_name}_table()"


@renderers.dispatch_for(DropEntityTableOp)
def _render_drop(_: AutogenContext, op: DropEntityTableOp) -> str:
    return f'drop_table("{op.table_name}")'


def merge_table_ops(operations: Sequence[MigrateOperation]) -> Iterator[MigrateOperation]:
    """Yield operations, with those that create or drop one entity's table merged into one."""
    captured = {
        op.table_name: op.captured for op in operations if isinstance(op, CaptureTableOp | UncaptureTableOp)
    }
    merged = {
        op.table_name
        for op in operations
        if isinstance(op, CreateTableOp | DropTableOp) and op.table_name in captured
    }
    for op in operations:
        if getattr(op, "table_name", None) not in merged:
            yield op
        elif isinstance(op, CreateTableOp):
            indexes = [i for i in _list_ops(operations, op.table_name) if isinstance(i, CreateIndexOp)]
            yield CreateEntityTableOp(op, indexes, captured[op.table_name])
        elif isinstance(op, DropTableOp):
            dropped = [
                i.reverse() for i in _list_ops(operations, op.table_name) if isinstance(i, DropIndexOp)
            ]
            yield CreateEntityTableOp(op.reverse(), dropped, captured[op.table_name]).reverse()


def drop_order(operations: Iterable[MigrateOperation]) -> list[MigrateOperation]:
    """Return operations with the drops of tables at the end, each after the tables that refer to it.

    Alembic puts them first, in an order that varies.
    """
    all_ops = list(operations)
    drops = {op.table_name: op for op in all_ops if isinstance(op, DropTableOp)}
    referrers: dict[str, set[str]] = {name: set() for name in sorted(drops)}
    for name, op in drops.items():
        for key in op.to_table().foreign_keys:
            target = key.target_fullname.split(".")[-2]
            if target in drops and target != name:
                referrers[target].add(name)
    order = TopologicalSorter({name: sorted(tables) for name, tables in referrers.items()}).static_order()
    return [*(op for op in all_ops if not isinstance(op, DropTableOp)), *(drops[name] for name in order)]


def _list_ops(operations: Iterable[MigrateOperation], table: str) -> Iterator[MigrateOperation]:
    for op in operations:
        if isinstance(op, ModifyTableOps) and op.table_name == table:
            yield from op.ops
        elif isinstance(op, CreateIndexOp | DropIndexOp) and op.table_name == table:
            yield op


def render_functions(operations: Iterable[MigrateOperation]) -> str:
    """Return the functions that a revision needs for complete tables; "" if it needs none."""
    table_ops = [op for op in operations if isinstance(op, CreateEntityTableOp | DropEntityTableOp)]
    functions = [_render_function(op) for op in table_ops if isinstance(op, CreateEntityTableOp)]
    return "\n\n\n".join([HELPERS, *functions]) if table_ops else ""


def _render_function(op: CreateEntityTableOp) -> str:
    table = op.create.to_table()
    indexes = [
        str(CreateIndex(index.to_index()).compile(dialect=DIALECT))
        for index in op.indexes
        if index.index_name != f"ix_{table.name}_created_at"
    ]
    statements = [*indexes, capture_call(table.name, op.captured)]
    body = "\n".join([_render_create_table(table), *map(execute_code, statements)])
    signature = f"def create_{table.name}_table() -> None:"
    return f'{signature}\n    """Create the table of {op.captured.entity}."""\n{indent(body, "    ")}'


def _render_create_table(table: Table) -> str:
    lines = [*_render_columns(table), *_render_constraints(table)]
    if not lines:
        return f'create_table("{table.name}", "")'
    sql = escape_sql(",\n".join(lines) + ",")
    return f'create_table(\n    "{table.name}",\n    """\n{indent(sql, "    ")}\n    """,\n)'


def _render_columns(table: Table) -> Iterator[str]:
    for column in table.columns:
        if column.name not in SYSTEM_COLUMNS:
            sql = str(CreateColumn(column).compile(dialect=DIALECT))
            yield sql.replace(column.type.compile(dialect=DIALECT), type_name(column.type), 1)


def _render_constraints(table: Table) -> list[str]:
    constraints = [c for c in table.constraints if not isinstance(c, PrimaryKeyConstraint)]
    lines = sorted(str(AddConstraint(c).compile(dialect=DIALECT)).partition(" ADD ")[2] for c in constraints)
    return [line.replace(" REFERENCES ", "\n    REFERENCES ") for line in lines]
