"""Operations of revisions that Alembic does not know: what captures a table, and what converts values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from textwrap import indent
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrateOperation
from sqlalchemy.types import TypeEngine

from tenure_core.sql.statement import DIALECT


@dataclass(frozen=True)
class Captured:
    """What the triggers of a table keep.

    Args:
        entity: What the change feed calls its records.
        template: What is kept of them; see `tenure_core.feed.changes.capture_template`.
    """

    entity: str
    template: dict[str, Any]


@dataclass
class KeepTableOp(MigrateOperation):
    """Lets each tenant see its own rows of a new table, and keeps what is done to them."""

    table_name: str
    captured: Captured

    def reverse(self) -> ForgetTableOp:
        """Return what undoes it."""
        return ForgetTableOp(self.table_name, self.captured)


@dataclass
class ForgetTableOp(MigrateOperation):
    """Takes the triggers off a table that is about to be dropped."""

    table_name: str
    captured: Captured

    def reverse(self) -> KeepTableOp:
        """Return what undoes it."""
        return KeepTableOp(self.table_name, self.captured)


@dataclass
class CaptureOp(MigrateOperation):
    """Has the triggers of a table keep something else than before."""

    table_name: str
    after: Captured
    before: Captured

    def reverse(self) -> CaptureOp:
        """Return what undoes it."""
        return CaptureOp(self.table_name, self.before, self.after)


@dataclass
class RetypeOp(MigrateOperation):
    """Changes the type of a column, and converts its values."""

    table_name: str
    column: str
    after: TypeEngine[Any]
    before: TypeEngine[Any]

    def reverse(self) -> RetypeOp:
        """Return what undoes it."""
        return RetypeOp(self.table_name, self.column, self.before, self.after)


@renderers.dispatch_for(KeepTableOp)
def _keep(_: AutogenContext, op: KeepTableOp) -> list[str]:
    return [f"op.execute(\"CALL tenure_protect('{op.table_name}')\")", _capture(op.table_name, op.captured)]


@renderers.dispatch_for(ForgetTableOp)
def _forget(_: AutogenContext, op: ForgetTableOp) -> str:
    return f"op.execute(\"CALL tenure_uncapture('{op.table_name}')\")"


@renderers.dispatch_for(CaptureOp)
def _change(_: AutogenContext, op: CaptureOp) -> str:
    return _capture(op.table_name, op.after)


@renderers.dispatch_for(RetypeOp)
def _retype(_: AutogenContext, op: RetypeOp) -> str:
    new = op.after.compile(dialect=DIALECT).lower().replace('collate "c"', 'COLLATE "C"')
    plain = new.partition(" COLLATE")[0]
    return (
        f'op.execute(\n    "ALTER TABLE {op.table_name} ALTER COLUMN {op.column} "\n'
        f"    'TYPE {new} USING {op.column}::{plain}'\n)"
    )


def _capture(table: str, captured: Captured) -> str:
    places = ",\n".join(f"{json.dumps(name)}: {json.dumps(of)}" for name, of in captured.template.items())
    call = f"CALL tenure_capture('{table}', '{captured.entity}', '{{\n{indent(places, '    ')}\n}}')"
    return f'op.execute("""\n{indent(call, "    ")}\n""")'
