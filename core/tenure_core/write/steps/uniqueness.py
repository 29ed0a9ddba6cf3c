"""Uniqueness: steps that find records by a unique value, and reject values that another record has.

Of two concurrent writes of the same value, both pass these checks. The unique index then rejects the later
one, its transaction is retried, and the retry finds the value in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tenure_core.catalog.fields import ScalarField
from tenure_core.errors import ConflictError
from tenure_core.query.sql.compiler import DIALECT
from tenure_core.write import sql
from tenure_core.write.context import EntityWriteContext
from tenure_core.write.results import ErrorCode
from tenure_core.write.rows.match_key import UniqueKey
from tenure_core.write.rows.pending_row import AnyRow, PendingRow, valid_rows
from tenure_core.write.rows.upsert_row import UpsertRow


def render_type(field: ScalarField) -> str:
    """Return the PostgreSQL type of a field's column as SQL text."""
    return str(field.column.type.compile(dialect=DIALECT)).partition(" COLLATE")[0]


async def find_by_unique_value(context: EntityWriteContext, rows: list[UpsertRow]) -> list[UpsertRow]:
    """Set the record id of rows that are matched by a unique value, if a record has the value."""
    for field in context.entity.unique_fields:
        by_value = {
            row.match_key.value: row
            for row in rows
            if isinstance(row.match_key, UniqueKey) and row.match_key.field == field.name
        }
        if by_value:
            statement = sql.select_by_unique_value(
                context.entity, context.grants, str(field.column.name), render_type(field)
            )
            cursor = await context.execute(statement, {"values": list(by_value)})
            for value, record in await cursor.fetchall():
                by_value[value].id = record
    return rows


async def check_unique(context: EntityWriteContext, rows: list[AnyRow]) -> list[AnyRow]:
    """Reject rows with a unique value that an earlier row or another record has."""
    for field in context.entity.unique_fields:
        _check_unique_in_call(field, rows)
        rows = valid_rows(rows)
        await _check_unique_in_table(context, field, rows)
        rows = valid_rows(rows)
    return rows


def _check_unique_in_call(field: ScalarField, rows: Iterable[PendingRow]) -> None:
    seen: set[object] = set()
    for row in rows:
        value = row.parsed.values.get(field.column.name)
        if value is not None and value in seen:
            row.add_error(ErrorCode.DUPLICATE, (field.name,), "another row of this call has the same value")
        seen.add(value)


async def _check_unique_in_table(
    context: EntityWriteContext, field: ScalarField, rows: Sequence[PendingRow]
) -> None:
    column = str(field.column.name)
    checked = [row for row in rows if column in row.parsed.values or row.stored is not None]
    if not checked:
        return
    parameters = {
        "ids": [row.id for row in checked],
        "values": [row.parsed.values.get(column) for row in checked],
        "changed": [column in row.parsed.values for row in checked],
    }
    statement = sql.select_unique_conflicts(context.entity, context.grants, column, render_type(field))
    cursor = await context.execute(statement, parameters)
    conflicts: dict[object, bool] = dict(await cursor.fetchall())
    for row in checked:
        if row.id in conflicts:
            _reject_duplicate(context, row, field, is_visible=conflicts[row.id])


def _reject_duplicate(
    context: EntityWriteContext, row: PendingRow, field: ScalarField, *, is_visible: bool
) -> None:
    key = UniqueKey(field.name, row.parsed.values.get(str(field.column.name)))
    if row.stored is None and row.match_key == key:
        # The row is matched by this value. No record had it a moment ago, so the row was to create one.
        if is_visible:
            raise ConflictError("A record with a unique value was created just now.", "Retry the request.")
        message = f"there is no {context.entity.name} {key.value!r}"
        row.add_error(ErrorCode.NOT_FOUND, (field.name,), message)
        return
    message = f"another {context.entity.singular} has the same value"
    row.add_error(ErrorCode.DUPLICATE, (field.name,), message)
