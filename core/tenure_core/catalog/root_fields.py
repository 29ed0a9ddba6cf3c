"""The root fields that the platform derives from the catalog: their names, and what each of them means.

The names are created here once, when the catalog is built. All other code looks a name up in `RootFields`,
or asks it for the name of a meaning. The root fields of other features, such as field ownership, are
defined in `tenure_schema.features`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenure_core.catalog.catalog import EntityInfo


class RootFieldKind(StrEnum):
    """What a root field reads or writes; the values of writes are the verbs in the names of mutations."""

    RECORD = "record"
    RECORD_BY_EXTERNAL_REF = "recordByExternalRef"
    CONNECTION = "connection"
    AGGREGATE = "aggregate"
    NODE = "node"
    NODES = "nodes"
    CHANGES = "changes"
    SNAPSHOT = "snapshot"
    CREATE = "Create"
    UPDATE = "Update"
    UPSERT = "Upsert"
    DELETE = "Delete"
    RESTORE = "Restore"
    PURGE = "Purge"
    BULK_UPSERT = "BulkUpsert"
    BATCH = "batch"


ENTITY_MUTATIONS = (
    RootFieldKind.CREATE,
    RootFieldKind.UPDATE,
    RootFieldKind.UPSERT,
    RootFieldKind.DELETE,
    RootFieldKind.RESTORE,
    RootFieldKind.PURGE,
    RootFieldKind.BULK_UPSERT,
)
"""The mutations of each entity, in the order of the schema."""

GENERAL_QUERIES = (RootFieldKind.NODE, RootFieldKind.NODES, RootFieldKind.CHANGES, RootFieldKind.SNAPSHOT)
"""The queries that do not belong to one entity; the value of each is its name."""


@dataclass(frozen=True, slots=True)
class RootField:
    """A root field.

    Args:
        name: The name in the API, such as "accountsAggregate".
        kind: What it reads or writes.
        entity: The name of the entity; "" if it does not belong to one entity.
    """

    name: str
    kind: RootFieldKind
    entity: str = ""

    @property
    def is_mutation(self) -> bool:
        """Whether it is a field of the type Mutation."""
        return self.kind in (*ENTITY_MUTATIONS, RootFieldKind.BATCH)


def singular_name(entity: str) -> str:
    """Return the name of the root field that reads one record of an entity."""
    return entity[0].lower() + entity[1:]


def aggregate_name(plural: str) -> str:
    """Return the name of the aggregate field that belongs to the list field of this name."""
    return f"{plural}Aggregate"


def entity_root_fields(entity: str, plural: str) -> Iterator[RootField]:
    """Yield the root fields of an entity.

    Args:
        entity: The name of the entity, such as "Account".
        plural: The plural of the name in the API, such as "accounts".
    """
    singular = singular_name(entity)
    yield RootField(singular, RootFieldKind.RECORD, entity)
    yield RootField(f"{singular}ByExternalRef", RootFieldKind.RECORD_BY_EXTERNAL_REF, entity)
    yield RootField(plural, RootFieldKind.CONNECTION, entity)
    yield RootField(aggregate_name(plural), RootFieldKind.AGGREGATE, entity)
    for kind in ENTITY_MUTATIONS:
        stem = plural if kind is RootFieldKind.BULK_UPSERT else singular
        yield RootField(f"{stem}{kind}", kind, entity)


class RootFields:
    """The root fields of a catalog, by name.

    Args:
        entities: The entities of the catalog.
    """

    def __init__(self, entities: Iterable[EntityInfo]) -> None:
        fields = [RootField(kind.value, kind) for kind in (*GENERAL_QUERIES, RootFieldKind.BATCH)]
        fields += [field for entity in entities for field in entity_root_fields(entity.name, entity.plural)]
        self._by_name: Mapping[str, RootField] = MappingProxyType({field.name: field for field in fields})
        self._by_kind = {(field.kind, field.entity): field for field in fields}

    def __iter__(self) -> Iterator[RootField]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> RootField:
        return self._by_name[name]

    def get(self, name: str) -> RootField | None:
        """Return the root field of a name; None if there is none."""
        return self._by_name.get(name)

    def find(self, kind: RootFieldKind, entity: EntityInfo | None = None) -> RootField:
        """Return the root field of a kind, of one entity if the kind belongs to entities."""
        return self._by_kind[kind, entity.name if entity else ""]
