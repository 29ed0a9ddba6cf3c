"""Rows: some for each entity, made up from the catalog and written as a client's are."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

import psycopg

from tenure_core import write
from tenure_core.catalog import Catalog, CompositeField, EntityInfo, ScalarField, ToOne
from tenure_core.database import Database, TenantConnection
from tenure_core.errors import TenureError
from tenure_core.identity import Actor
from tenure_core.results import RowResult
from tenure_core.validate import Writable, writable_fields
from tenure_sdk.checks.values import composite_value, scalar_value

Row = dict[str, object]
Records = dict[str, list[uuid.UUID]]
"""The ids of the records that were made, by entity."""


class NoRowsError(TenureError):
    """An entity that no made-up row is good enough for."""

    def __init__(self, entity: str, said: str) -> None:
        super().__init__(
            f"Every row that the kit makes up for {entity} is refused: {said}.",
            "Let rows pass that say all fields, or the required ones, or one more than those.",
        )
        self.entity = entity


async def write_rows(
    database: Database, catalog: Catalog, actor: Actor, entities: Iterable[EntityInfo], mark: str, count: int
) -> Records:
    """Write some rows of each entity, those that refer to others after them.

    Args:
        database: Where to.
        catalog: What there is.
        actor: Who writes, in a tenant that has the plugins enabled.
        entities: What to write rows of; what they refer to must be among them.
        mark: What texts begin with.
        count: How many rows of each.

    Raises:
        NoRowsError: All rows of an entity are refused.
    """
    records: Records = {}
    async with database.writing(actor.tenant_id, actor.signature, actor.origin) as connection:
        for entity in _in_order(list(entities)):
            made = await _made(connection, catalog, actor, entity, _variants(entity, records, mark, count))
            records[entity.name] = made
    return records


async def _made(
    connection: TenantConnection,
    catalog: Catalog,
    actor: Actor,
    entity: EntityInfo,
    variants: Iterable[Sequence[Row]],
) -> list[uuid.UUID]:
    """Write the first variant of the rows that is not refused."""
    said = ""
    for rows in variants:
        async with connection.transaction():
            results = await write.create(connection, catalog, entity, actor, rows)
            if not any(result.refused for result in results):
                return [result.id for result in results if result.id]
            said = said or _first_error(results)
            raise psycopg.Rollback
    raise NoRowsError(entity.name, said)


def _first_error(results: Iterable[RowResult]) -> str:
    return next(str(result.errors[0]) for result in results if result.errors)


def _variants(
    entity: EntityInfo, records: Mapping[str, Sequence[uuid.UUID]], mark: str, count: int
) -> Iterator[list[Row]]:
    """Yield rows that say all they can, as little as they can, and that with each single field more."""
    sayable = [one for one in writable_fields(entity) if not isinstance(one, ToOne) or one.target in records]
    required = [one for one in sayable if _is_required(one)]
    optional = [one for one in sayable if one not in required]
    for fields in (sayable, required, *([*required, one] for one in optional)):
        yield [_row(fields, records, mark, number) for number in range(count)]


def _is_required(one: Writable) -> bool:
    defaulted = isinstance(one, ScalarField) and one.default is not None
    return not one.nullable and not defaulted


def _row(
    fields: Iterable[Writable], records: Mapping[str, Sequence[uuid.UUID]], mark: str, number: int
) -> Row:
    return {one.name: _value(one, records, mark, number) for one in fields}


def _value(one: Writable, records: Mapping[str, Sequence[uuid.UUID]], mark: str, number: int) -> object:
    if isinstance(one, ToOne):
        there = records[one.target]
        return {"id": str(there[number % len(there)])}
    if isinstance(one, CompositeField):
        return composite_value(one, mark, number)
    return scalar_value(one, mark, number)


def _in_order(entities: Sequence[EntityInfo]) -> list[EntityInfo]:
    """Return entities after those that they can't do without; where a circle can be left open, it is."""
    known = {entity.name: entity for entity in entities}
    needs = {
        entity.name: [
            one.target for one in entity.references if one.target != entity.name and not one.nullable
        ]
        for entity in entities
    }
    wants = {
        entity.name: [one.target for one in entity.references if one.target != entity.name]
        for entity in entities
    }
    try:
        order = list(TopologicalSorter(wants).static_order())
    except CycleError:
        order = list(TopologicalSorter(needs).static_order())
    return [known[name] for name in order if name in known]
