"""Rows: some for each entity, made up from the catalog and written as a client's are."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import chain

import psycopg

from tenure_core.catalog import Catalog, CompositeField, EntityInfo, ScalarField, ToOne
from tenure_core.database import Database, TenantConnection
from tenure_core.errors import TenureError
from tenure_core.identity import Actor
from tenure_core.writing import write
from tenure_core.writing.results import RowResult
from tenure_core.writing.validate import Writable, writable_fields
from tenure_sdk.checks.examples import Examples
from tenure_sdk.checks.values import composite_value, scalar_value

Row = dict[str, object]
Records = dict[str, list[uuid.UUID]]
"""The ids of the records that were made, by entity."""


class NoRowsError(TenureError):
    """An entity that no made-up row is good enough for."""

    def __init__(self, entity: str, said: str) -> None:
        super().__init__(
            f"Every row that the kit makes up for {entity} is refused: {said}.",
            "Have `register_demo_data` bring some rows of it: then rows like those are tried, too.",
        )
        self.entity = entity


async def write_rows(
    database: Database, catalog: Catalog, actor: Actor, examples: Examples, mark: str, count: int
) -> Records:
    """Write some rows of each entity, those that refer to others after them.

    Args:
        database: Where to.
        catalog: What there is.
        actor: Who writes, in a tenant that has the plugins enabled.
        examples: Rows to take after, where those that are made up are refused.
        mark: What texts begin with.
        count: How many rows of each.

    Raises:
        NoRowsError: All rows of an entity are refused.
    """
    records: Records = {}
    async with database.writing(actor.tenant_id, actor.signature, actor.origin) as connection:
        for entity in _in_order(list(catalog.entities.values())):
            sample = _Sample(entity, records, mark, count)
            variants = chain(sample.variants(), sample.like(examples.of(entity.name)))
            records[entity.name] = await _made(connection, catalog, actor, entity, variants)
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


@dataclass(frozen=True)
class _Sample:
    """Rows of one entity, made up.

    Args:
        entity: What the rows are of.
        records: The records that they can refer to.
        mark: What texts begin with.
        count: How many rows.
    """

    entity: EntityInfo
    records: Mapping[str, Sequence[uuid.UUID]]
    mark: str
    count: int

    def variants(self) -> Iterator[list[Row]]:
        """Yield rows that say all they can, as little as they can, and that with each single field more."""
        required = [one for one in self._sayable if _is_required(one)]
        optional = [one for one in self._sayable if one not in required]
        for fields in (self._sayable, required, *([*required, one] for one in optional)):
            yield [self._row(fields, number) for number in range(self.count)]

    def like(self, examples: Sequence[Mapping[str, object]]) -> Iterator[list[Row]]:
        """Yield rows like some examples, with references and unique values of their own."""
        for example in examples:
            fields = [one for one in self._sayable if one.name in example]
            own = [one for one in fields if isinstance(one, ToOne) or getattr(one, "unique", False)]
            said = {one.name: example[one.name] for one in fields}
            yield [{**said, **self._row(own, number)} for number in range(self.count)]

    @property
    def _sayable(self) -> list[Writable]:
        fields = writable_fields(self.entity)
        return [one for one in fields if not isinstance(one, ToOne) or one.target in self.records]

    def _row(self, fields: Iterable[Writable], number: int) -> Row:
        return {one.name: self._value(one, number) for one in fields}

    def _value(self, one: Writable, number: int) -> object:
        if isinstance(one, ToOne):
            there = self.records[one.target]
            return {"id": str(there[number % len(there)])}
        if isinstance(one, CompositeField):
            return composite_value(one, self.mark, number)
        return scalar_value(one, self.mark, number)


def _is_required(one: Writable) -> bool:
    defaulted = isinstance(one, ScalarField) and one.default is not None
    return not one.nullable and not defaulted


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
