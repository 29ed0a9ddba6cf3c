"""References: finds the records that rows refer to, all rows at once, and refuses circles."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from tenure_core.catalog.catalog import Catalog, EntityInfo, ToOne
from tenure_core.postgres.database import TenantConnection
from tenure_core.write import sql
from tenure_core.write.results import ErrorCode, UserError
from tenure_core.write.row_store import execute
from tenure_core.write.rows.validate import ExternalKey, Reference, Validated

Named = Mapping[tuple[str, uuid.UUID | ExternalKey], uuid.UUID]
"""The ids of records by entity and key, which a call knows without asking."""


async def resolve(
    connection: TenantConnection,
    catalog: Catalog,
    tenant_id: uuid.UUID,
    rows: Sequence[Validated],
    known: Named = MappingProxyType({}),
) -> None:
    """Put the ids of the records that rows refer to into their values, and an error where there is none.

    Args:
        connection: In a transaction of the tenant.
        catalog: Where references lead.
        tenant_id: Whose records.
        rows: What the rows say.
        known: Records that the call itself writes.
    """
    found = dict(known)
    asked: dict[str, set[uuid.UUID | ExternalKey]] = {}
    for row in rows:
        for reference in row.references:
            if (reference.target, reference.key) not in found:
                asked.setdefault(reference.target, set()).add(reference.key)
    for target, keys in asked.items():
        living = await _find_living(connection, catalog[target], tenant_id, keys)
        found.update({(target, key): identity for key, identity in living.items()})
    for row in rows:
        for reference in row.references:
            identity = found.get((reference.target, reference.key))
            if identity is None:
                row.errors.append(missing(reference))
            else:
                row.values[reference.column] = identity


def missing(reference: Reference) -> UserError:
    """Return the error of a row that refers to a record which is not there."""
    key = reference.key
    shown = f"with the id {key}" if isinstance(key, uuid.UUID) else f"that {key.system} calls {key.id!r}"
    message = f"there is no {reference.target} {shown}, or it is deleted"
    return UserError(ErrorCode.NOT_FOUND, reference.path, message)


async def _find_living(
    connection: TenantConnection,
    entity: EntityInfo,
    tenant_id: uuid.UUID,
    keys: Iterable[uuid.UUID | ExternalKey],
) -> Mapping[uuid.UUID | ExternalKey, uuid.UUID]:
    found: dict[uuid.UUID | ExternalKey, uuid.UUID] = {}
    if ids := [key for key in keys if isinstance(key, uuid.UUID)]:
        parameters = {"tenant": tenant_id, "ids": ids}
        cursor = await execute(connection, sql.living(entity.table), parameters, len(ids))
        found.update({identity: identity for (identity,) in await cursor.fetchall()})
    if external := [key for key in keys if isinstance(key, ExternalKey)]:
        keyed = {
            "tenant": tenant_id,
            "entity": entity.name,
            "systems": [key.system for key in external],
            "external_ids": [key.id for key in external],
        }
        statement = sql.living_by_external_key(entity.table)
        cursor = await execute(connection, statement, keyed, len(external))
        found.update(
            {ExternalKey(system, name): identity for system, name, identity in await cursor.fetchall()}
        )
    return found


async def check_cycles(
    connection: TenantConnection,
    entity: EntityInfo,
    tenant_id: uuid.UUID,
    rows: Mapping[uuid.UUID, Validated],
) -> None:
    """Add an error to each row that would put a record below itself.

    Args:
        connection: In a transaction that has locked the records.
        entity: What the rows are of.
        tenant_id: Whose records.
        rows: What is to be written, by the records' ids; new records are among them only where another row
            refers to them.
    """
    for one in entity.references:
        column = one.column.name
        parents = {identity: row.values[column] for identity, row in rows.items() if column in row.values}
        if one.target == entity.name and any(parents.values()):
            await _add_cycle_errors(connection, entity, one, tenant_id, rows, parents)


async def _add_cycle_errors(
    connection: TenantConnection,
    entity: EntityInfo,
    one: ToOne,
    tenant_id: uuid.UUID,
    rows: Mapping[uuid.UUID, Validated],
    parents: Mapping[uuid.UUID, object],
) -> None:
    # Two writers that each hang the other's record below their own would both see a sound tree: one at
    # a time.
    tree = f"{tenant_id} {entity.table.name} {one.column.name}"
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (tree,))
    cursor = await connection.execute(
        sql.cycles(entity.table, one.column.name),
        {"tenant": tenant_id, "ids": list(parents), "parents": list(parents.values())},
    )
    message = f"the {entity.singular} would come to lie below itself"
    for (identity,) in await cursor.fetchall():
        rows[identity].errors.append(UserError(ErrorCode.INVALID, (one.name,), message))
