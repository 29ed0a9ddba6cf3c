"""The catalog: an immutable index of every entity, field and relation by its name in the API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import cleandoc
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, Table

from tenure_core.declaration import Declared, DeclaredComposite, DeclaredReference, Rules, declared_columns
from tenure_core.entities import Entity
from tenure_core.errors import DeclarationError
from tenure_core.kinds import Kind, enum_kind
from tenure_core.model import ACTIVITY_KINDS, CORE_ENTITIES
from tenure_core.naming import camel_case


@dataclass(frozen=True, eq=False)
class ScalarField:
    """A field with one value in one column.

    Args:
        name: Its name in the API.
        column: Its column.
        kind: How its value is stored, read and named.
        nullable: Whether it may be empty.
        writable: Whether a client may set it.
        default: What a new record gets where the caller says nothing; None for nothing.
        rules: What its values must keep.
        description: What it is, for people.
        unique: Whether no two living records of a tenant may have the same value.
    """

    name: str
    column: Column[Any]
    kind: Kind
    nullable: bool
    writable: bool
    default: Any
    rules: Rules
    description: str
    unique: bool = False


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
    required: frozenset[str]


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
    declared: type[Entity]
    plugin: str = ""

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
    def lists(self) -> Iterator[ToMany]:
        """The lists of records that refer to this entity."""
        return (f for f in self.fields.values() if isinstance(f, ToMany))

    @property
    def uniques(self) -> Iterator[ScalarField]:
        """The fields whose values name one living record."""
        return (f for f in self.scalars if f.unique)

    @property
    def id(self) -> ScalarField:
        """The field of the record's identity."""
        return next(field for field in self.scalars if field.name == "id")


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
    """

    entities: Mapping[str, EntityInfo]
    roles: Mapping[str, RoleInfo] = field(default_factory=dict)
    permissions: Mapping[str, str] = field(default_factory=dict)
    by_singular: Mapping[str, EntityInfo] = field(init=False)
    by_plural: Mapping[str, EntityInfo] = field(init=False)

    def __post_init__(self) -> None:
        by_singular = {e.singular: e for e in self.entities.values()}
        object.__setattr__(self, "by_singular", MappingProxyType(by_singular))
        by_plural = {e.plural: e for e in self.entities.values()}
        object.__setattr__(self, "by_plural", MappingProxyType(by_plural))

    def __getitem__(self, name: str) -> EntityInfo:
        return self.entities[name]


TAKEN = frozenset(
    (
        "match",
        "onConflict",
        "expectedVersion",
        "sourceVersion",
        "url",
        "externalRefs",
        "idempotencyKey",
        "history",
    )
)
"""Names that stand beside a record's fields in the input of a write, or in its output: no field has them."""

CORE_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType({"ActivityKind": ACTIVITY_KINDS})
"""The lists of values that plugins may extend, with what the core puts in."""


def build_catalog(
    entities: Iterable[type[Entity]] = CORE_ENTITIES,
    choices: Mapping[str, tuple[str, ...]] = CORE_CHOICES,
    *,
    plugins: Mapping[str, str] = MappingProxyType({}),
    roles: Iterable[RoleInfo] = (),
    permissions: Mapping[str, str] = MappingProxyType({}),
) -> Catalog:
    """Return the catalog of the given entities.

    Args:
        entities: The declared classes; every class that one of them refers to must be among them.
        choices: The values of each list that fields name with `choice`.
        plugins: The plugin of each entity that is not the core's, by the entity's name.
        roles: The roles that plugins bring.
        permissions: The plugin of each permission, by the permission's name.

    Raises:
        DeclarationError: Two fields of one entity have one name, a reference leads to no given entity, or a
            field names a list of choices that nobody fills, or has a name that stands for something else.
    """
    declared = tuple(entities)
    fields: dict[str, dict[str, Field]] = {e.__name__: {} for e in declared}
    for entity in declared:
        for one in entity.__fields__:
            _add(fields, entity.__name__, _field(entity, one, choices))
    for entity in declared:
        for one in entity.__fields__:
            if isinstance(one, DeclaredReference):
                _add(fields, _target(entity, one, fields), _back(entity, one))
    built = {e.__name__: _entity(e, fields[e.__name__], plugins.get(e.__name__, "")) for e in declared}
    by_name = {role.name: role for role in roles}
    return Catalog(MappingProxyType(built), MappingProxyType(by_name), MappingProxyType(dict(permissions)))


def _add(fields: dict[str, dict[str, Field]], owner: str, new: Field) -> None:
    if new.name in TAKEN:
        raise DeclarationError(
            f"{owner}.{new.name} has a name that means something else for every record.", "Rename it."
        )
    if new.name in fields[owner]:
        both = f"{fields[owner][new.name].description!r} and {new.description!r}"
        raise DeclarationError(
            f"{owner}.{new.name} is declared twice: {both}.",
            "Rename one of the two; for a list that points back, change `back`.",
        )
    fields[owner][new.name] = new


def _target(entity: type[Entity], one: DeclaredReference, fields: Mapping[str, object]) -> str:
    if one.target.__name__ not in fields:
        raise DeclarationError(
            f"{entity.__name__}.{one.name} refers to {one.target.__name__}, which this server lacks.",
            "Load the plugin that declares it.",
        )
    return one.target.__name__


def _field(
    entity: type[Entity],
    one: Declared | DeclaredComposite | DeclaredReference,
    choices: Mapping[str, tuple[str, ...]],
) -> Field:
    table = _table(entity)
    name = camel_case(one.name)
    if isinstance(one, DeclaredReference):
        return ToOne(name, table.c[one.column], one.target.__name__, one.nullable, one.doc)
    if isinstance(one, DeclaredComposite):
        parts = {camel_case(p.name): _scalar(table, p, choices) for p in one.parts}
        description = cleandoc(one.type.__doc__ or one.type.__name__)
        required = frozenset(camel_case(p.name) for p in one.type.__parts__ if not p.nullable)
        return CompositeField(
            name, one.type.__name__, description, MappingProxyType(parts), one.nullable, one.doc, required
        )
    return _scalar(table, one, choices)


def _scalar(table: Table, one: Declared, choices: Mapping[str, tuple[str, ...]]) -> ScalarField:
    kind = one.kind
    if one.choice is not None:
        if one.choice not in choices:
            raise DeclarationError(
                f"{table.name}.{one.name} takes its values from {one.choice}, which nobody fills.",
                "Register at least one value for it.",
            )
        kind = enum_kind(one.choice, choices[one.choice])
    if kind is None:
        raise DeclarationError(
            f"{table.name}.{one.name} has no kind.", "Annotate it with a type that a column can hold."
        )
    column = table.c[one.column]
    return ScalarField(
        camel_case(one.name),
        column,
        kind,
        one.nullable,
        one.writable,
        one.default,
        one.rules,
        one.doc,
        one.unique,
    )


def _back(entity: type[Entity], one: DeclaredReference) -> ToMany:
    column = _table(entity).c[one.column]
    description = f"The {entity.__plural__} whose {camel_case(one.name)} this is."
    return ToMany(camel_case(one.back), entity.__name__, column, description)


def _entity(entity: type[Entity], fields: dict[str, Field], plugin: str) -> EntityInfo:
    name = entity.__name__
    return EntityInfo(
        name=name,
        singular=name[0].lower() + name[1:],
        plural=entity.__plural__,
        description=cleandoc(entity.__doc__ or name),
        table=_table(entity),
        fields=MappingProxyType(fields),
        order=camel_case(entity.__order__.lstrip("-")),
        descending=entity.__order__.startswith("-"),
        searchable=any(f.search for f in declared_columns(entity.__fields__)),
        declared=entity,
        plugin=plugin,
    )


def _table(entity: type[Entity]) -> Table:
    table = entity.__table__
    if not isinstance(table, Table):
        raise DeclarationError(f"{entity.__name__} has no table.", "Declare it as a subclass of Entity.")
    return table
