"""Diffs: how records differ before and after a write, field by field, in the form of inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import CompositeField, EntityInfo, ToOne
from tenure_core.postgres.database import TenantConnection
from tenure_core.write import sql
from tenure_core.write.results import FieldDiff
from tenure_core.write.rows.validate import Writable, writable_fields

RecordValues = Mapping[str, object]
"""A whole record: its values by column."""


async def read_records(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, ids: Iterable[UUID]
) -> Mapping[UUID | None, RecordValues]:
    """Return records whole, as they are in this transaction."""
    parameters = {"tenant": actor.tenant_id, "ids": list(ids)}
    cursor = await connection.execute(sql.records(entity.table), parameters)
    return dict(await cursor.fetchall())


def diff(entity: EntityInfo, before: RecordValues, after: RecordValues) -> tuple[FieldDiff, ...]:
    """Return the fields in which a record differs; a record that was not there has no columns."""
    pairs = ((one.name, _shown(one, before), _shown(one, after)) for one in writable_fields(entity))
    found = [FieldDiff(name, old, new) for name, old, new in pairs if old != new]
    if before and before.get("deleted_at") != after.get("deleted_at"):
        found.append(FieldDiff("deletedAt", before.get("deleted_at"), after.get("deleted_at")))
    return tuple(found)


def _shown(one: Writable, record: RecordValues) -> object:
    if isinstance(one, CompositeField):
        parts = {name: record.get(part.column.name) for name, part in one.parts.items()}
        return None if all(value is None for value in parts.values()) else parts
    value = record.get(one.column.name)
    return {"id": value} if isinstance(one, ToOne) and value is not None else value
