"""What hangs on a record: the records that refer to it, those that refer to them, and so on."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.postgres.database import TenantConnection
from tenure_core.write import sql

RecordRef = tuple[str, uuid.UUID]
"""A record, by the name of its entity and its id."""

Dependents = Mapping[RecordRef, set[RecordRef]]
"""A record and all that hang on it, each with those that refer to it."""

Ids = Mapping[str, list[uuid.UUID]]
"""Records by the names of their entities."""


async def find_dependents(
    connection: TenantConnection, catalog: Catalog, entity: EntityInfo, actor: Actor, identity: uuid.UUID
) -> Dependents:
    """Return a record with all that hang on it, as they are in this transaction.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: What may hang on it.
        entity: What the record is of.
        actor: Whose tenant.
        identity: The record.
    """
    found: dict[RecordRef, set[RecordRef]] = {(entity.name, identity): set()}
    fresh = [(entity, [identity])]
    while fresh:
        above, ids = fresh.pop()
        for relation in above.to_many:
            below = catalog[relation.target]
            statement = sql.dependents(below.table, str(relation.column.name))
            cursor = await connection.execute(statement, {"tenant": actor.tenant_id, "ids": ids})
            new: dict[uuid.UUID, None] = {}
            for one, referred in await cursor.fetchall():
                found[above.name, referred].add((below.name, one))
                if (below.name, one) not in found:
                    found[below.name, one] = set()
                    new[one] = None
            if new:
                fresh.append((below, list(new)))
    return found


def group_by_entity(records: Iterable[RecordRef]) -> Ids:
    """Return records by the names of their entities."""
    found: dict[str, list[uuid.UUID]] = {}
    for name, identity in records:
        found.setdefault(name, []).append(identity)
    return found


def deletion_order(hanging: Dependents) -> Iterator[Ids]:
    """Yield the records in steps: those of each are referred to by none but those of the steps before.

    Records that refer to one another in a circle are one last step, with all that they refer to.
    """
    sorter = TopologicalSorter(hanging)
    left = set(hanging)
    # In spite of a circle it brings all that comes before.
    with suppress(CycleError):
        sorter.prepare()
    while step := sorter.get_ready():
        yield group_by_entity(step)
        left.difference_update(step)
        sorter.done(*step)
    if left:
        yield group_by_entity(left)


def dependent_entities(catalog: Catalog, entity: EntityInfo) -> list[EntityInfo]:
    """Return an entity with all those whose records may hang on one of its."""
    found = {entity.name: entity}
    fresh = [entity]
    while fresh:
        for relation in fresh.pop().to_many:
            if relation.target not in found:
                found[relation.target] = catalog[relation.target]
                fresh.append(catalog[relation.target])
    return list(found.values())
