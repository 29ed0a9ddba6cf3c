"""References: steps that find the records that rows refer to, and reject missing records and cycles."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.fields import ToOne
from tenure_core.write import sql
from tenure_core.write.context import EntityWriteContext, WriteContext
from tenure_core.write.results import ErrorCode, UserError
from tenure_core.write.rows.pending_row import AnyRow, PendingRow, valid_rows
from tenure_core.write.rows.validate import ExternalKey, Reference
from tenure_core.write.steps.external_keys import key_parameters

RecordKey = uuid.UUID | ExternalKey
"""How a row refers to a record."""

ResolvedKeys = dict[tuple[str, RecordKey], uuid.UUID]
"""Record ids by entity name and key."""


async def resolve_references(context: EntityWriteContext, rows: list[AnyRow]) -> list[AnyRow]:
    """Set the ids of the records that rows refer to; a missing or deleted record is an error."""
    resolved = _find_in_call(context.entity, rows)
    for target, keys in _list_unresolved(rows, resolved).items():
        records = await _find_visible(context, context.catalog[target], keys)
        resolved.update({(target, key): record for key, record in records.items()})
    created = {row.id for row in rows if not row.is_alive}
    for row in rows:
        for reference in row.parsed.references:
            record = resolved.get((reference.target, reference.key))
            if record is None:
                row.parsed.errors.append(missing_reference(reference))
                continue
            row.parsed.values[reference.column] = record
            if record in created:
                row.call_references += (reference,)
    return valid_rows(rows)


def missing_reference(reference: Reference) -> UserError:
    """Return the error of a row that refers to a missing or deleted record."""
    key = reference.key
    name = f"with id {key}" if isinstance(key, uuid.UUID) else f"with id {key.id!r} in system {key.system!r}"
    message = f"there is no {reference.target} {name}, or it is deleted"
    return UserError(ErrorCode.NOT_FOUND, reference.path, message)


def _find_in_call(entity: EntityInfo, rows: Sequence[PendingRow]) -> ResolvedKeys:
    """Return the records that this call writes, if a row refers to a record of the same entity."""
    name = entity.name
    if not any(reference.target == name for row in rows for reference in row.parsed.references):
        return {}
    valid = [(row, row.id) for row in valid_rows(rows) if row.id]
    by_key: ResolvedKeys = {(name, key): record for row, record in valid for key in row.external_keys}
    by_id: ResolvedKeys = {(name, record): record for row, record in valid if row.stored}
    return by_key | by_id


def _list_unresolved(rows: Sequence[PendingRow], resolved: ResolvedKeys) -> Mapping[str, set[RecordKey]]:
    unresolved: dict[str, set[RecordKey]] = {}
    for row in rows:
        for reference in row.parsed.references:
            if (reference.target, reference.key) not in resolved:
                unresolved.setdefault(reference.target, set()).add(reference.key)
    return unresolved


async def _find_visible(
    context: WriteContext, entity: EntityInfo, keys: Collection[RecordKey]
) -> Mapping[RecordKey, uuid.UUID]:
    records: dict[RecordKey, uuid.UUID] = {}
    if ids := [key for key in keys if isinstance(key, uuid.UUID)]:
        statement = sql.select_visible_ids(entity, context.grants, needs_read=False)
        cursor = await context.execute(statement, {"ids": ids}, len(ids))
        records.update({record: record for (record,) in await cursor.fetchall()})
    if external := [key for key in keys if isinstance(key, ExternalKey)]:
        statement = sql.select_ids_by_external_key(entity, context.grants)
        cursor = await context.execute(statement, key_parameters(entity, external), len(external))
        records.update({ExternalKey(system, key): record for system, key, record in await cursor.fetchall()})
    return records


async def check_cycles(context: EntityWriteContext, rows: list[AnyRow]) -> list[AnyRow]:
    """Reject rows that would make a record its own ancestor. The records are locked."""
    relations = [relation for relation in context.entity.references if relation.target == context.entity.name]
    if not relations:
        return rows
    new = {row.id for row in rows if row.stored is None}
    referenced = {row.parsed.values.get(ref.column) for row in rows for ref in row.parsed.references}
    # A cycle contains a new record only if another row refers to it.
    checked = [row for row in rows if row.stored] if new.isdisjoint(referenced) else rows
    for relation in relations:
        await _check_relation_cycles(context, relation, checked)
    return valid_rows(rows)


async def _check_relation_cycles(
    context: EntityWriteContext, relation: ToOne, rows: Sequence[PendingRow]
) -> None:
    table, column = context.entity.table, relation.column.name
    parents = {row.id: row.parsed.values[column] for row in rows if column in row.parsed.values}
    if not any(parents.values()):
        return
    # Two concurrent writes that each move the other's record below their own would both see a valid tree.
    tree = f"{context.actor.tenant_id} {table.name} {column}"
    await context.connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (tree,))
    parameters = {"ids": list(parents), "parents": list(parents.values())}
    cursor = await context.execute(sql.select_cycles(table, column), parameters)
    cyclic = {record for (record,) in await cursor.fetchall()}
    message = f"the {context.entity.singular} would become its own ancestor"
    for row in rows:
        if row.id in cyclic:
            row.add_error(ErrorCode.INVALID, (relation.name,), message)
