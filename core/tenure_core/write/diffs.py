"""Field diffs: what a dry run of an upsert would change in each record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.fields import Field
from tenure_core.write import sql
from tenure_core.write.context import EntityWriteContext
from tenure_core.write.results import FieldDiff
from tenure_core.write.rows.validate import writable_fields

RecordValues = Mapping[str, object]
"""The JSON values of a record by column; empty if there is no record."""


async def read_records(
    context: EntityWriteContext, ids: Iterable[UUID]
) -> Mapping[UUID | None, RecordValues]:
    """Return records by id, as they are in the transaction."""
    cursor = await context.execute(sql.select_records(context.entity, context.grants), {"ids": list(ids)})
    return dict(await cursor.fetchall())


def diff(entity: EntityInfo, before: RecordValues, after: RecordValues) -> tuple[FieldDiff, ...]:
    """Return the fields with different values before and after a write."""
    values = ((f.name, _input_value(f, before), _input_value(f, after)) for f in writable_fields(entity))
    diffs = [FieldDiff(name, old, new) for name, old, new in values if old != new]
    if before and before.get("deleted_at") != after.get("deleted_at"):
        diffs.append(FieldDiff("deletedAt", before.get("deleted_at"), after.get("deleted_at")))
    return tuple(diffs)


def _input_value(field: Field, record: RecordValues) -> object:
    """Return the value of a field in the form in which a row sets it."""
    form = field.stored_form
    if not isinstance(form, Mapping):
        return None if form is None else record.get(form.name)
    parts = {name: record.get(column.name) for name, column in form.items()}
    return None if all(value is None for value in parts.values()) else parts
