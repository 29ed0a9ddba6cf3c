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
from tenure_core.catalog.computed_fields import BatchFieldInfo, build_expression, required_columns
from tenure_core.entities.computed import BatchField, ComputedColumn
from tenure_core.entities.declaration import Entity
from tenure_core.entities.fields import (
    RESERVED_FIELD_NAMES,
    ColumnDeclaration,
    CompositeDeclaration,
    Constraints,
    ReferenceDeclaration,
    list_columns,
)
from tenure_core.entities.model import ACTIVITY_KINDS, CORE_ENTITIES
from tenure_core.entities.naming import camel_case, snake_case
from tenure_core.entities.scalar_types import enum_type
from tenure_core.errors import DeclarationError
from tenure_core.plugins.write_set import Validator

CORE_ENUM_VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType({"ActivityKind": ACTIVITY_KINDS})
"""The lists of values that plugins may extend, with what the core puts in."""


def build_catalog(
    entities: Iterable[type[Entity]] = CORE_ENTITIES,
    choices: Mapping[str, tuple[str, ...]] = CORE_ENUM_VALUES,
    *,
    plugins: Mapping[str, str] = MappingProxyType({}),
    computed: Iterable[tuple[str, ComputedColumn | BatchField]] = (),
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
            _add(fields, entity.__name__, _build_field(entity, one, choices))
    for entity in declared:
        for one in entity.__fields__:
            if isinstance(one, ReferenceDeclaration):
                _add(
                    fields,
                    _require_entity(entity, one.name, one.target, fields),
                    _build_back_relation(entity, one),
                )
    _add_computed(fields, computed)
    built = {e.__name__: _build_entity(e, fields[e.__name__], plugins.get(e.__name__, "")) for e in declared}
    by_name = {role.name: role for role in roles}
    return Catalog(
        MappingProxyType(built),
        MappingProxyType(by_name),
        MappingProxyType(dict(permissions)),
        tuple(validators),
        MappingProxyType(dict(added_choices)),
    )


AnyField = Field | BatchFieldInfo
Fields = dict[str, dict[str, AnyField]]
"""Fields by their names in the API, by entity."""


def _add(fields: Fields, owner: str, new: AnyField) -> None:
    if new.name in RESERVED_FIELD_NAMES:
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


def _add_computed(fields: Fields, computed: Iterable[tuple[str, ComputedColumn | BatchField]]) -> None:
    """Add what PostgreSQL computes, and then what code computes: it may need the former."""
    for plugin, one in sorted(computed, key=lambda pair: isinstance(pair[1], BatchField)):
        owner = _require_entity(one.entity, one.name, one.entity, fields)
        new = (
            _build_computed_column(one, plugin, fields)
            if isinstance(one, ComputedColumn)
            else _build_batch_field(one, plugin, fields[owner])
        )
        _add(fields, owner, new)


def _build_computed_column(one: ComputedColumn, plugin: str, entities: Iterable[str]) -> ScalarField:
    expression = build_expression(one)
    name, nothing = camel_case(one.name), Constraints()
    reads = frozenset(entity for entity in entities if snake_case(entity) in expression.referenced_tables)
    return ScalarField(
        name, expression, one.scalar_type, True, False, None, nothing, one.doc, plugin=plugin, reads=reads
    )


def _build_batch_field(one: BatchField, plugin: str, fields: Mapping[str, AnyField]) -> BatchFieldInfo:
    computed = {f.column.name: f for f in fields.values() if isinstance(f, ScalarField) and f.plugin}
    needs = required_columns(
        one, {**_require_table(one.entity).c, **{name: f.column for name, f in computed.items()}}
    )
    reads = frozenset(entity for name in needs if name in computed for entity in computed[name].reads)
    return BatchFieldInfo(camel_case(one.name), one.scalar_type, one.doc, plugin, needs, reads, one.compute)


def _require_entity(entity: type[Entity], name: str, owner: type[Entity], fields: Fields) -> str:
    if owner.__name__ not in fields:
        raise DeclarationError(
            f"{entity.__name__}.{name} refers to {owner.__name__}, which this server lacks.",
            "Load the plugin that declares it.",
        )
    return owner.__name__


def _build_field(
    entity: type[Entity],
    one: ColumnDeclaration | CompositeDeclaration | ReferenceDeclaration,
    choices: Mapping[str, tuple[str, ...]],
) -> Field:
    table = _require_table(entity)
    name = camel_case(one.name)
    if isinstance(one, ReferenceDeclaration):
        return ToOne(name, table.c[one.column], one.target.__name__, one.nullable, one.doc)
    if isinstance(one, CompositeDeclaration):
        parts = {camel_case(p.name): _build_scalar(table, p, choices) for p in one.parts}
        description = cleandoc(one.type.__doc__ or one.type.__name__)
        required = frozenset(camel_case(p.name) for p in one.type.__parts__ if not p.nullable)
        return CompositeField(
            name, one.type.__name__, description, MappingProxyType(parts), one.nullable, one.doc, required
        )
    return _build_scalar(table, one, choices)


def _build_scalar(
    table: Table, one: ColumnDeclaration, choices: Mapping[str, tuple[str, ...]]
) -> ScalarField:
    kind = one.scalar_type
    if one.enum_name is not None:
        if one.enum_name not in choices:
            raise DeclarationError(
                f"{table.name}.{one.name} takes its values from {one.enum_name}, which nobody fills.",
                "Register at least one value for it.",
            )
        kind = enum_type(one.enum_name, choices[one.enum_name])
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
        one.constraints,
        one.doc,
        one.unique,
        personal=one.personal,
    )


def _build_back_relation(entity: type[Entity], one: ReferenceDeclaration) -> ToMany:
    column = _require_table(entity).c[one.column]
    description = f"The {entity.__plural__} whose {camel_case(one.name)} this is."
    return ToMany(camel_case(one.back), entity.__name__, column, description)


def _build_entity(entity: type[Entity], fields: dict[str, AnyField], plugin: str) -> EntityInfo:
    name = entity.__name__
    return EntityInfo(
        name=name,
        singular=name[0].lower() + name[1:],
        plural=entity.__plural__,
        description=cleandoc(entity.__doc__ or name),
        table=_require_table(entity),
        fields=MappingProxyType({n: f for n, f in fields.items() if not isinstance(f, BatchFieldInfo)}),
        order=camel_case(entity.__order__.lstrip("-")),
        descending=entity.__order__.startswith("-"),
        searchable=any(f.search for f in list_columns(entity.__fields__)),
        entity_class=entity,
        plugin=plugin,
        batch_fields=MappingProxyType({n: f for n, f in fields.items() if isinstance(f, BatchFieldInfo)}),
    )


def _require_table(entity: type[Entity]) -> Table:
    table = entity.__table__
    if not isinstance(table, Table):
        raise DeclarationError(f"{entity.__name__} has no table.", "Declare it as a subclass of Entity.")
    return table
