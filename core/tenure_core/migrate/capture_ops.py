"""Operations of revisions that Alembic does not know: what captures a table, and what converts values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import indent
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrateOperation
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

SQL = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # SQLAlchemy does not type it
"""Writes SQL as people do: a driver's dialect doubles each percent sign."""

LINE = 96
"""How many characters of a template stand on one line."""

PARAMETER = re.compile(r"(?<![:\w]):(?=\w)")
"""A colon that begins what SQLAlchemy takes for a parameter: it is meant as it is."""


@dataclass(frozen=True)
class Captured:
    """What the triggers of a table keep.

    Args:
        entity: What the change feed calls its records.
        template: What is kept of them; see `tenure_core.catalog.change_operation.capture_template`.
    """

    entity: str
    template: dict[str, Any]


@dataclass
class CaptureTableOp(MigrateOperation):
    """Lets each tenant see its own rows of a new table, and keeps what is done to them."""

    table_name: str
    captured: Captured

    def reverse(self) -> UncaptureTableOp:
        """Return what undoes it."""
        return UncaptureTableOp(self.table_name, self.captured)


@dataclass
class UncaptureTableOp(MigrateOperation):
    """Takes the triggers off a table that is about to be dropped."""

    table_name: str
    captured: Captured

    def reverse(self) -> CaptureTableOp:
        """Return what undoes it."""
        return CaptureTableOp(self.table_name, self.captured)


@dataclass
class ChangeCaptureOp(MigrateOperation):
    """Has the triggers of a table keep something else than before."""

    table_name: str
    after: Captured
    before: Captured

    def reverse(self) -> ChangeCaptureOp:
        """Return what undoes it."""
        return ChangeCaptureOp(self.table_name, self.before, self.after)


@dataclass
class ChangeTypeOp(MigrateOperation):
    """Changes the type of a column, and converts its values."""

    table_name: str
    column: str
    after: TypeEngine[Any]
    before: TypeEngine[Any]

    def reverse(self) -> ChangeTypeOp:
        """Return what undoes it."""
        return ChangeTypeOp(self.table_name, self.column, self.before, self.after)


@renderers.dispatch_for(CaptureTableOp)
def _keep(_: AutogenContext, op: CaptureTableOp) -> list[str]:
    protected = f"CALL tenure_protect('{op.table_name}')"
    return [execute_code(protected), execute_code(capture_call(op.table_name, op.captured))]


@renderers.dispatch_for(UncaptureTableOp)
def _forget(_: AutogenContext, op: UncaptureTableOp) -> str:
    return execute_code(f"CALL tenure_uncapture('{op.table_name}')")


@renderers.dispatch_for(ChangeCaptureOp)
def _change(_: AutogenContext, op: ChangeCaptureOp) -> str:
    return execute_code(capture_call(op.table_name, op.after))


@renderers.dispatch_for(ChangeTypeOp)
def _retype(_: AutogenContext, op: ChangeTypeOp) -> str:
    new = type_name(op.after)
    plain = new.partition(" COLLATE")[0]
    change = f'ALTER COLUMN "{op.column}" TYPE {new} USING "{op.column}"::{plain}'
    return execute_code(f'ALTER TABLE "{op.table_name}"\n    {change}')


def type_name(kind: TypeEngine[Any]) -> str:
    """Return what PostgreSQL calls a type, as people write it."""
    said = kind.compile(dialect=SQL).lower()
    return said.replace("timestamp with time zone", "timestamptz").replace('collate "c"', 'COLLATE "C"')


def execute_code(statement: str) -> str:
    """Return the code that executes a statement of SQL."""
    said = escape_sql(statement)
    if "\n" not in said and '"' not in said:
        return f'op.execute("{said}")'
    return f'op.execute("""\n{indent(said, "    ")}\n""")'


def escape_sql(statement: str) -> str:
    """Return SQL as it stands between three quotes in code, to be executed without parameters."""
    said = PARAMETER.sub(r"\\:", statement)
    return said.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def capture_call(table: str, captured: Captured) -> str:
    """Return the SQL that has the triggers of a table keep something."""
    places = json.dumps(captured.template)[1:-1].split(", ")
    template = indent(",\n".join(_filled(places)), "    ")
    return f"CALL tenure_capture('{table}', '{captured.entity}', '{{\n{template}\n}}')"


def _filled(places: Iterable[str]) -> Iterator[str]:
    """Yield lines with as many places as they have room for."""
    line = ""
    for place in places:
        longer = f"{line}, {place}" if line else place
        if line and len(longer) > LINE:
            yield line
            longer = place
        line = longer
    yield line
