"""Operations on the tables of entities as a whole, which a revision writes as one function of SQL for each.

What every record has is written once in a revision, as it is on the day that the revision is written: so it
stands alone, and what it did never changes when the platform does.
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
    SQL,
    Captured,
    CaptureTableOp,
    UncaptureTableOp,
    capture_call,
    escape_sql,
    execute_code,
    type_name,
)

LONG = 92
"""From how many characters on a line is broken."""

BASE = '''def create_table(name: str, columns: str) -> None:
    """Make the table of an entity: with what every record has, and for each tenant to see its own."""
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
    op.execute(f"CALL tenure_protect('{name}')")


def drop_table(name: str) -> None:
    """Drop the table of an entity, with what captures it."""
    op.execute(f"CALL tenure_uncapture('{name}')")
    op.drop_table(name)'''
"""What revisions that make or drop tables of entities bring with them."""

OF_EVERY_RECORD = frozenset(("tenant_id", "id", "version", "created_at", "updated_at", "deleted_at"))
"""The columns that are in it."""


@dataclass
class CreateEntityTableOp(MigrateOperation):
    """Makes the table of an entity, with its indexes and what captures it.

    Args:
        create: Makes the table itself.
        indexes: Make its indexes.
        captured: What is kept of its records.
    """

    create: CreateTableOp
    indexes: Sequence[CreateIndexOp]
    captured: Captured

    @property
    def table_name(self) -> str:
        """The table."""
        return self.create.table_name

    def reverse(self) -> DropEntityTableOp:
        """Return what undoes it."""
        return DropEntityTableOp(self)


@dataclass
class DropEntityTableOp(MigrateOperation):
    """Drops the table of an entity, and all that hangs on it.

    Args:
        made: What would make it again.
    """

    made: CreateEntityTableOp

    @property
    def table_name(self) -> str:
        """The table."""
        return self.made.table_name

    def reverse(self) -> CreateEntityTableOp:
        """Return what undoes it."""
        return self.made


@renderers.dispatch_for(CreateEntityTableOp)
def _make(_: AutogenContext, op: CreateEntityTableOp) -> str:
    return f"make_{op.table_name}()"


@renderers.dispatch_for(DropEntityTableOp)
def _drop(_: AutogenContext, op: DropEntityTableOp) -> str:
    return f'drop_table("{op.table_name}")'


def by_table(operations: Sequence[MigrateOperation]) -> Iterator[MigrateOperation]:
    """Yield operations, where all that makes or drops the table of an entity is one of them."""
    captured = {
        op.table_name: op.captured for op in operations if isinstance(op, CaptureTableOp | UncaptureTableOp)
    }
    whole = {
        op.table_name
        for op in operations
        if isinstance(op, CreateTableOp | DropTableOp) and op.table_name in captured
    }
    for op in operations:
        if getattr(op, "table_name", None) not in whole:
            yield op
        elif isinstance(op, CreateTableOp):
            made = [one for one in _indexes(operations, op.table_name) if isinstance(one, CreateIndexOp)]
            yield CreateEntityTableOp(op, made, captured[op.table_name])
        elif isinstance(op, DropTableOp):
            gone = [
                one.reverse() for one in _indexes(operations, op.table_name) if isinstance(one, DropIndexOp)
            ]
            yield CreateEntityTableOp(op.reverse(), gone, captured[op.table_name]).reverse()


def drop_order(operations: Iterable[MigrateOperation]) -> list[MigrateOperation]:
    """Return operations with tables dropped at the end, each after all that refers to it.

    Alembic brings them first, in the order of a set, another one each time.
    """
    listed = list(operations)
    dropped = {op.table_name: op for op in listed if isinstance(op, DropTableOp)}
    referrers: dict[str, set[str]] = {name: set() for name in sorted(dropped)}
    for name, op in dropped.items():
        for key in op.to_table().foreign_keys:
            target = key.target_fullname.split(".")[-2]
            if target in dropped and target != name:
                referrers[target].add(name)
    order = TopologicalSorter({name: sorted(above) for name, above in referrers.items()}).static_order()
    return [*(op for op in listed if not isinstance(op, DropTableOp)), *(dropped[name] for name in order)]


def _indexes(operations: Iterable[MigrateOperation], table: str) -> Iterator[MigrateOperation]:
    for op in operations:
        if isinstance(op, ModifyTableOps) and op.table_name == table:
            yield from op.ops
        elif isinstance(op, CreateIndexOp | DropIndexOp) and op.table_name == table:
            yield op


def functions_of(operations: Iterable[MigrateOperation]) -> str:
    """Return the functions that a revision calls for whole tables; "" where it has to do with none."""
    whole = [op for op in operations if isinstance(op, CreateEntityTableOp | DropEntityTableOp)]
    made = [_function(op) for op in whole if isinstance(op, CreateEntityTableOp)]
    return "\n\n\n".join([BASE, *made]) if whole else ""


def _function(op: CreateEntityTableOp) -> str:
    table = op.create.to_table()
    statements = [_index(one) for one in op.indexes if one.index_name != f"ix_{table.name}_created_at"]
    steps = [_create(table), *map(execute_code, [*statements, capture_call(table.name, op.captured)])]
    lead = f'def make_{table.name}() -> None:\n    """Make the table of {op.captured.entity}."""\n'
    return lead + indent("\n".join(steps), "    ")


def _create(table: Table) -> str:
    own = [*_columns(table), *_constraints(table)]
    if not own:
        return f'create_table("{table.name}", "")'
    lines = escape_sql(",\n".join(own) + ",")
    return f'create_table(\n    "{table.name}",\n    """\n{indent(lines, "    ")}\n    """,\n)'


def _columns(table: Table) -> Iterator[str]:
    for column in table.columns:
        if column.name not in OF_EVERY_RECORD:
            said = str(CreateColumn(column).compile(dialect=SQL))
            plain = said.replace(column.type.compile(dialect=SQL), type_name(column.type), 1)
            yield _broken(plain, " || ' ' || ")


def _constraints(table: Table) -> Iterator[str]:
    others = [one for one in table.constraints if not isinstance(one, PrimaryKeyConstraint)]
    said = [str(AddConstraint(one).compile(dialect=SQL)).partition(" ADD ")[2] for one in others]
    yield from (_broken(one, " REFERENCES ") for one in sorted(said))


def _index(op: CreateIndexOp) -> str:
    return _broken(str(CreateIndex(op.to_index()).compile(dialect=SQL)), " ON ")


def _broken(line: str, before: str) -> str:
    """Return a line, which goes on in another before some word where it is long."""
    return line.replace(before, f"\n    {before.lstrip()}") if len(line) > LONG else line
