"""The catalog: an immutable index of every entity, field and relation by its name in the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Table

from tenure_core.catalog.computed_fields import AnyColumn, BatchFieldInfo
from tenure_core.entities.declaration import Entity
from tenure_core.entities.fields import SYSTEM_FIELDS, Constraints
from tenure_core.entities.scalar_types import ScalarType

if TYPE_CHECKING:
    from tenure_core.plugins.write_set import Validator


@dataclass(frozen=True, eq=False)
class ScalarField:
    """A field with one value, in one column or computed by PostgreSQL.

    Args:
        name: Its name in the API.
        column: Its column, or what computes it.
        kind: How its value is stored, read and named.
        nullable: Whether it may be empty.
        writable: Whether a client may set it.
        default: What a new record gets where the caller says nothing; None for nothing.
        rules: What its values must keep.
        description: What it is, for people.
        unique: Whether no two living records of a tenant may have the same value.
        plugin: The plugin that computes it; "" where it is stored.
        reads: The names of the entities that it is computed from, beside its own.
        personal: Whether it tells something of a person.
    """

    name: str
    column: AnyColumn
    scalar_type: ScalarType
    nullable: bool
    writable: bool
    default: Any
    constraints: Constraints
    description: str
    unique: bool = False
    plugin: str = ""
    reads: frozenset[str] = frozenset()
    personal: bool = False


@dataclass(frozen=True, eq=False)
class CompositeField:
    """A field whose value has parts, such as an amount of money.

    Args:
        name: Its name in the API.
        type_name: The name of its object type in the API, such as "Money".
        type_description: What that type is, for people.
        parts: Its parts, by their names in the API.
        nullable: Whether it may be empty.
        description: What the field is, for people.
        required: The parts that must be there where the value is.
    """

    name: str
    type_name: str
    type_description: str
    parts: Mapping[str, ScalarField]
    nullable: bool
    description: str
    required_parts: frozenset[str]

    @property
    def writable(self) -> bool:
        """Whether a client may set it."""
        return all(part.writable for part in self.parts.values())


@dataclass(frozen=True, eq=False)
class ToOne:
    """A reference to one record of another entity.

    Args:
        name: Its name in the API.
        column: The column that holds the other record's id.
        target: The name of the other entity.
        nullable: Whether it may be empty.
        description: What it is, for people.
    """

    name: str
    column: Column[Any]
    target: str
    nullable: bool
    description: str


@dataclass(frozen=True, eq=False)
class ToMany:
    """The records of another entity that refer to this one.

    Args:
        name: Its name in the API.
        target: The name of the other entity.
        column: The column of the other entity that refers to this one.
        description: What it is, for people.
    """

    name: str
    target: str
    column: Column[Any]
    description: str


Field = ScalarField | CompositeField | ToOne | ToMany


@dataclass(frozen=True, eq=False)
class EntityInfo:
    """Everything that the platform knows of one entity.

    Args:
        name: Its name in the API, such as "Account".
        singular: The root field that reads one of it, such as "account".
        plural: The root field that lists it, such as "accounts".
        description: What it is, for people.
        table: Its table; `tenant_id` and `id` are its key.
        fields: Its fields and relations, by their names in the API.
        order: The field that its lists are ordered by where the caller says nothing.
        descending: Whether that order is descending.
        searchable: Whether it has search columns.
        declared: The class that declares it.
        plugin: The plugin that it belongs to; "" for the core.
        coded: The fields that plugins' code computes, by their names in the API.
    """

    name: str
    singular: str
    plural: str
    description: str
    table: Table
    fields: Mapping[str, Field]
    order: str
    descending: bool
    searchable: bool
    entity_class: type[Entity]
    plugin: str = ""
    batch_fields: Mapping[str, BatchFieldInfo] = field(default_factory=dict)

    @property
    def scalars(self) -> Iterator[ScalarField]:
        """The fields with one value, without the parts of composites."""
        return (f for f in self.fields.values() if isinstance(f, ScalarField))

    @property
    def composites(self) -> Iterator[CompositeField]:
        """The fields whose values have parts."""
        return (f for f in self.fields.values() if isinstance(f, CompositeField))

    @property
    def references(self) -> Iterator[ToOne]:
        """The references to one record."""
        return (f for f in self.fields.values() if isinstance(f, ToOne))

    @property
    def to_many(self) -> Iterator[ToMany]:
        """The lists of records that refer to this entity."""
        return (f for f in self.fields.values() if isinstance(f, ToMany))

    @property
    def declared_scalars(self) -> Iterator[ScalarField]:
        """The fields with one value that the class declares: no computed ones, nor those of every record."""
        return (f for f in self.scalars if not f.plugin and f.name not in SYSTEM_FIELDS)

    @property
    def personal_fields(self) -> Iterator[ScalarField | CompositeField]:
        """The fields that tell something of a person, or have parts that do."""
        yield from (f for f in self.scalars if f.personal)
        yield from (f for f in self.composites if any(part.personal for part in f.parts.values()))

    @property
    def unique_fields(self) -> Iterator[ScalarField]:
        """The fields whose values name one living record."""
        return (f for f in self.scalars if f.unique)

    @property
    def id(self) -> ScalarField:
        """The field of the record's identity."""
        return next(field for field in self.scalars if field.name == "id")


@lru_cache(maxsize=256)
def with_internal_fields(entity: EntityInfo) -> EntityInfo:
    """Return an entity as the code of its plugin writes it: with the fields that clients do not write."""
    opened: dict[str, Field] = {f.name: replace(f, writable=True) for f in entity.declared_scalars}
    for one in entity.composites:
        parts = {name: replace(part, writable=True) for name, part in one.parts.items()}
        opened[one.name] = replace(one, parts=MappingProxyType(parts))
    return replace(entity, fields=MappingProxyType({**entity.fields, **opened}))


@dataclass(frozen=True, eq=False)
class RoleInfo:
    """A role that a plugin brings.

    Args:
        name: Its name.
        plugin: The plugin.
        reads: The names of the entities that it may read.
        writes: The names of the entities that it may write.
        permissions: The names of the permissions that it has.
    """

    name: str
    plugin: str
    reads: frozenset[str]
    writes: frozenset[str]
    permissions: frozenset[str]


@dataclass(frozen=True, eq=False)
class Catalog:
    """Every entity by its name, and by the names of its root fields.

    Args:
        entities: The entities.
        roles: The roles that plugins bring, by name.
        permissions: The plugin of each permission, by the permission's name.
        validators: The plugins that check writes.
        added_choices: The plugin of each value that one adds to a list of choices, by the list's name.
    """

    entities: Mapping[str, EntityInfo]
    roles: Mapping[str, RoleInfo] = field(default_factory=dict)
    permissions: Mapping[str, str] = field(default_factory=dict)
    validators: tuple[Validator, ...] = ()
    plugin_enum_values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    by_singular: Mapping[str, EntityInfo] = field(init=False)
    by_plural: Mapping[str, EntityInfo] = field(init=False)

    def __post_init__(self) -> None:
        by_singular = {e.singular: e for e in self.entities.values()}
        object.__setattr__(self, "by_singular", MappingProxyType(by_singular))
        by_plural = {e.plural: e for e in self.entities.values()}
        object.__setattr__(self, "by_plural", MappingProxyType(by_plural))

    def __getitem__(self, name: str) -> EntityInfo:
        return self.entities[name]
