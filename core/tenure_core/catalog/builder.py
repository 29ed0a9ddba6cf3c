"""Assembly: from declarations, of the core and of plugins, to the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import cleandoc
from types import MappingProxyType

from sqlalchemy import Table

from tenure_core.catalog.catalog import (
    Catalog,
    CompositeField,
    EntityInfo,
    Field,
    RoleInfo,
    ScalarField,
    ToMany,
    ToOne,
)
from tenure_core.catalog.computed_fields import CodedField, expression_of, needed_by
from tenure_core.entities.computed import ComputedColumn, ComputedField
from tenure_core.entities.declaration import Entity
from tenure_core.entities.fields import (
    TAKEN,
    Declared,
    DeclaredComposite,
    DeclaredReference,
    Rules,
    declared_columns,
)
from tenure_core.entities.model import ACTIVITY_KINDS, CORE_ENTITIES
from tenure_core.entities.naming import camel_case, snake_case
from tenure_core.entities.scalar_types import enum_kind
from tenure_core.errors import DeclarationError
from tenure_core.plugins.write_set import Validator

CORE_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType({"ActivityKind": ACTIVITY_KINDS})
"""The lists of values that plugins may extend, with what the core puts in."""


def build_catalog(
    entities: Iterable[type[Entity]] = CORE_ENTITIES,
    choices: Mapping[str, tuple[str, ...]] = CORE_CHOICES,
    *,
    plugins: Mapping[str, str] = MappingProxyType({}),
    computed: Iterable[tuple[str, ComputedColumn | ComputedField]] = (),
    roles: Iterable[RoleInfo] = (),
    permissions: Mapping[str, str] = MappingProxyType({}),
    validators: Iterable[Validator] = (),
    added_choices: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> Catalog:
    """Return the catalog of the given entities.

    Args:
        entities: The declared classes; every class that one of them refers to must be among them.
        choices: The values of each list that fields name with `choice`.
        plugins: The plugin of each entity that is not the core's, by the entity's name.
        computed: The fields that plugins compute, each with its plugin.
        roles: The roles that plugins bring.
        permissions: The plugin of each permission, by the permission's name.
        validators: The plugins that check writes.
        added_choices: The plugin of each value that one has added to `choices`, by the list's name.

    Raises:
        DeclarationError: Two fields of one entity have one name, a reference leads to no given entity, or a
            field names a list of choices that nobody fills, or has a name that stands for something else.
    """
    declared = tuple(entities)
    fields: Fields = {e.__name__: {} for e in declared}
    for entity in declared:
        for one in entity.__fields__:
            _add(fields, entity.__name__, _field(entity, one, choices))
    for entity in declared:
        for one in entity.__fields__:
            if isinstance(one, DeclaredReference):
                _add(fields, _owner(entity, one.name, one.target, fields), _back(entity, one))
    _add_computed(fields, computed)
    built = {e.__name__: _entity(e, fields[e.__name__], plugins.get(e.__name__, "")) for e in declared}
    by_name = {role.name: role for role in roles}
    return Catalog(
        MappingProxyType(built),
        MappingProxyType(by_name),
        MappingProxyType(dict(permissions)),
        tuple(validators),
        MappingProxyType(dict(added_choices)),
    )


AnyField = Field | CodedField
Fields = dict[str, dict[str, AnyField]]
"""Fields by their names in the API, by entity."""


def _add(fields: Fields, owner: str, new: AnyField) -> None:
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


def _add_computed(fields: Fields, computed: Iterable[tuple[str, ComputedColumn | ComputedField]]) -> None:
    """Add what PostgreSQL computes, and then what code computes: it may need the former."""
    for plugin, one in sorted(computed, key=lambda pair: isinstance(pair[1], ComputedField)):
        owner = _owner(one.entity, one.name, one.entity, fields)
        new = (
            _expression(one, plugin, fields)
            if isinstance(one, ComputedColumn)
            else _coded(one, plugin, fields[owner])
        )
        _add(fields, owner, new)


def _expression(one: ComputedColumn, plugin: str, entities: Iterable[str]) -> ScalarField:
    expression = expression_of(one)
    name, nothing = camel_case(one.name), Rules()
    reads = frozenset(entity for entity in entities if snake_case(entity) in expression.tables)
    return ScalarField(
        name, expression, one.kind, True, False, None, nothing, one.doc, plugin=plugin, reads=reads
    )


def _coded(one: ComputedField, plugin: str, fields: Mapping[str, AnyField]) -> CodedField:
    computed = {f.column.name: f for f in fields.values() if isinstance(f, ScalarField) and f.plugin}
    needs = needed_by(one, {**_table(one.entity).c, **{name: f.column for name, f in computed.items()}})
    reads = frozenset(entity for name in needs if name in computed for entity in computed[name].reads)
    return CodedField(camel_case(one.name), one.kind, one.doc, plugin, needs, reads, one.compute)


def _owner(entity: type[Entity], name: str, owner: type[Entity], fields: Fields) -> str:
    if owner.__name__ not in fields:
        raise DeclarationError(
            f"{entity.__name__}.{name} refers to {owner.__name__}, which this server lacks.",
            "Load the plugin that declares it.",
        )
    return owner.__name__


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
        personal=one.personal,
    )


def _back(entity: type[Entity], one: DeclaredReference) -> ToMany:
    column = _table(entity).c[one.column]
    description = f"The {entity.__plural__} whose {camel_case(one.name)} this is."
    return ToMany(camel_case(one.back), entity.__name__, column, description)


def _entity(entity: type[Entity], fields: dict[str, AnyField], plugin: str) -> EntityInfo:
    name = entity.__name__
    return EntityInfo(
        name=name,
        singular=name[0].lower() + name[1:],
        plural=entity.__plural__,
        description=cleandoc(entity.__doc__ or name),
        table=_table(entity),
        fields=MappingProxyType({n: f for n, f in fields.items() if not isinstance(f, CodedField)}),
        order=camel_case(entity.__order__.lstrip("-")),
        descending=entity.__order__.startswith("-"),
        searchable=any(f.search for f in declared_columns(entity.__fields__)),
        declared=entity,
        plugin=plugin,
        coded=MappingProxyType({n: f for n, f in fields.items() if isinstance(f, CodedField)}),
    )


def _table(entity: type[Entity]) -> Table:
    table = entity.__table__
    if not isinstance(table, Table):
        raise DeclarationError(f"{entity.__name__} has no table.", "Declare it as a subclass of Entity.")
    return table
