"""The catalog: an immutable index of the entities, their fields and their root fields, by name in the API.

It is built once at startup by `tenure_core.catalog.builder`, and is an argument of nearly all code that
reads or writes records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from types import MappingProxyType

from sqlalchemy import Table

from tenure_core.catalog.fields import CompositeField, Field, ScalarField, ToMany, ToOne
from tenure_core.catalog.root_fields import RootFields, singular_name
from tenure_core.entities.declaration import Entity
from tenure_core.entities.fields import SYSTEM_FIELDS


@dataclass(frozen=True, eq=False)
class EntityInfo:
    """An entity.

    Args:
        name: The name in the API, such as "Account".
        plural: The name of its lists in the API, such as "accounts".
        description: The description in the API.
        table: The table; its primary key is `tenant_id` and `id`.
        fields: All fields by their names in the API, in the order of the schema.
        order: The name of the field by which lists are sorted by default.
        descending: Whether the default sort order is descending.
        searchable: Whether it has fields for full-text search.
        entity_class: The class that declares it.
        plugin: The plugin that declares it; "" for the core.
    """

    name: str
    plural: str
    description: str
    table: Table
    fields: Mapping[str, Field]
    order: str
    descending: bool
    searchable: bool
    entity_class: type[Entity]
    plugin: str = ""

    @property
    def singular(self) -> str:
        """The name of one record in the API, such as "account"."""
        return singular_name(self.name)

    @property
    def scalars(self) -> Iterator[ScalarField]:
        """The scalar fields, without the parts of composite fields."""
        return (f for f in self.fields.values() if isinstance(f, ScalarField))

    @property
    def composites(self) -> Iterator[CompositeField]:
        """The composite fields."""
        return (f for f in self.fields.values() if isinstance(f, CompositeField))

    @property
    def references(self) -> Iterator[ToOne]:
        """The references to one record."""
        return (f for f in self.fields.values() if isinstance(f, ToOne))

    @property
    def to_many(self) -> Iterator[ToMany]:
        """The lists of the records that refer to this entity."""
        return (f for f in self.fields.values() if isinstance(f, ToMany))

    @property
    def declared_scalars(self) -> Iterator[ScalarField]:
        """The scalar fields that the class declares, without computed fields and system fields."""
        return (f for f in self.scalars if not f.plugin and f.name not in SYSTEM_FIELDS)

    @property
    def stored_fields(self) -> Iterator[Field]:
        """The declared fields that are stored in the table; references come last."""
        references = set(self.references)
        stored = [f for f in self.fields.values() if f.stored_form is not None and f not in references]
        return iter((*stored, *self.references))

    @property
    def personal_fields(self) -> Iterator[ScalarField | CompositeField]:
        """The fields that contain personal data."""
        yield from (f for f in self.scalars if f.personal)
        yield from (f for f in self.composites if any(part.personal for part in f.parts.values()))

    @property
    def unique_fields(self) -> Iterator[ScalarField]:
        """The fields whose values identify one undeleted record."""
        return (f for f in self.scalars if f.unique)

    @property
    def id(self) -> ScalarField:
        """The field `id`."""
        return next(f for f in self.scalars if f.name == "id")


@lru_cache(maxsize=256)
def with_internal_fields(entity: EntityInfo) -> EntityInfo:
    """Return an entity in which the fields that only its plugin may write are writable."""
    writable: dict[str, Field] = {f.name: replace(f, writable=True) for f in entity.declared_scalars}
    for composite in entity.composites:
        parts = {name: replace(part, writable=True) for name, part in composite.parts.items()}
        writable[composite.name] = replace(composite, parts=MappingProxyType(parts), writable=True)
    return replace(entity, fields=MappingProxyType({**entity.fields, **writable}))


@dataclass(frozen=True, eq=False)
class RoleInfo:
    """A role that a plugin registers.

    Args:
        name: The name of the role.
        plugin: The plugin.
        reads: The names of the entities that the role can read.
        writes: The names of the entities that the role can write.
        permissions: The names of the permissions that the role has.
    """

    name: str
    plugin: str
    reads: frozenset[str]
    writes: frozenset[str]
    permissions: frozenset[str]


@dataclass(frozen=True, eq=False)
class Catalog:
    """The index of everything that is declared.

    Args:
        entities: The entities by name.
        roles: The roles of plugins by name.
        permissions: The plugin of each permission, by the name of the permission.
        plugin_enum_values: For each enum, the plugin of each value that a plugin adds.
    """

    entities: Mapping[str, EntityInfo]
    roles: Mapping[str, RoleInfo] = field(default_factory=dict)
    permissions: Mapping[str, str] = field(default_factory=dict)
    plugin_enum_values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def root_fields(self) -> RootFields:
        """The root fields of the API."""
        return RootFields(self.entities.values())

    def __getitem__(self, name: str) -> EntityInfo:
        return self.entities[name]
