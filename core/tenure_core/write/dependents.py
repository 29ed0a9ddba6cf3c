"""Dependents of a record: the records that refer to it, the records that refer to those, and so on."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.write import sql
from tenure_core.write.context import EntityWriteContext

RecordRef = tuple[str, uuid.UUID]
"""A record, by entity name and id."""

Dependents = Mapping[RecordRef, set[RecordRef]]
"""A record and its dependents, each with the records that refer to it."""

RecordIds = Mapping[str, list[uuid.UUID]]
"""Record ids, by entity name."""


async def find_dependents(context: EntityWriteContext, record_id: uuid.UUID) -> Dependents:
    """Return a record of the context's entity and all its dependents, as they are in the transaction."""
    dependents: dict[RecordRef, set[RecordRef]] = {(context.entity.name, record_id): set()}
    unvisited = [(context.entity, [record_id])]
    while unvisited:
        target, ids = unvisited.pop()
        for relation in target.to_many:
            entity = context.catalog[relation.target]
            statement = sql.select_dependents(entity.table, str(relation.column.name))
            cursor = await context.execute(statement, {"ids": ids})
            new: dict[uuid.UUID, None] = {}
            for dependent, referenced in await cursor.fetchall():
                dependents[target.name, referenced].add((entity.name, dependent))
                if (entity.name, dependent) not in dependents:
                    dependents[entity.name, dependent] = set()
                    new[dependent] = None
            if new:
                unvisited.append((entity, list(new)))
    return dependents


def group_by_entity(records: Iterable[RecordRef]) -> RecordIds:
    """Return the ids of records by entity name."""
    ids: dict[str, list[uuid.UUID]] = {}
    for name, record_id in records:
        ids.setdefault(name, []).append(record_id)
    return ids


def deletion_order(dependents: Dependents) -> Iterator[RecordIds]:
    """Yield groups of records such that only records of earlier groups refer to those of a group.

    Records that refer to each other in a cycle, and the records that they refer to, form the last group.
    """
    sorter = TopologicalSorter(dependents)
    remaining = set(dependents)
    # After a CycleError the sorter still yields the nodes that precede the cycle.
    with suppress(CycleError):
        sorter.prepare()
    while group := sorter.get_ready():
        yield group_by_entity(group)
        remaining.difference_update(group)
        sorter.done(*group)
    if remaining:
        yield group_by_entity(remaining)


def dependent_entities(catalog: Catalog, entity: EntityInfo) -> list[EntityInfo]:
    """Return an entity and all entities whose records may be dependents of its records."""
    entities = {entity.name: entity}
    unvisited = [entity]
    while unvisited:
        for relation in unvisited.pop().to_many:
            if relation.target not in entities:
                entities[relation.target] = catalog[relation.target]
                unvisited.append(catalog[relation.target])
    return list(entities.values())
