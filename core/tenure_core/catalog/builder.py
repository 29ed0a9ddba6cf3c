"""Builds the catalog from the declarations of the core and of plugins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from inspect import cleandoc
from types import MappingProxyType

from sqlalchemy import Table

from tenure_core.catalog.catalog import Catalog, EntityInfo, RoleInfo
from tenure_core.catalog.change_operation import HISTORY
from tenure_core.catalog.computed_fields import build_expression, required_columns
from tenure_core.catalog.external_refs import EXTERNAL_REFS
from tenure_core.catalog.fields import (
    BatchFieldInfo,
    CompositeField,
    ExternalRefsField,
    Field,
    HistoryField,
    ScalarField,
    ToMany,
    ToManyAggregate,
    ToOne,
)
from tenure_core.catalog.root_fields import aggregate_name
from tenure_core.entities.computed import BatchField, ComputedColumn
from tenure_core.entities.declaration import Entity
from tenure_core.entities.fields import (
    RESERVED_FIELD_NAMES,
    ColumnDeclaration,
    CompositeDeclaration,
    ReferenceDeclaration,
    list_columns,
)
from tenure_core.entities.model import ACTIVITY_KINDS, CORE_ENTITIES
from tenure_core.entities.naming import camel_case, humanize, snake_case
from tenure_core.entities.scalar_types import ScalarType, enum_type
from tenure_core.errors import DeclarationError

CORE_ENUM_VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType({"ActivityKind": ACTIVITY_KINDS})
"""The enums that plugins can extend, with the values of the core."""

EnumValues = Mapping[str, tuple[str, ...]]
"""The values of each enum, by the name of the enum."""

FieldsByEntity = dict[str, dict[str, Field]]
"""The fields by their names in the API, by entity."""


def build_catalog(
    entities: Iterable[type[Entity]] = CORE_ENTITIES,
    enum_values: EnumValues = CORE_ENUM_VALUES,
    *,
    plugins: Mapping[str, str] = MappingProxyType({}),
    computed: Iterable[tuple[str, ComputedColumn | BatchField]] = (),
    roles: Iterable[RoleInfo] = (),
    permissions: Mapping[str, str] = MappingProxyType({}),
    plugin_enum_values: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> Catalog:
    """Return the catalog of the given entities.

    Args:
        entities: The declared classes, including all classes to which they refer.
        enum_values: The values of each enum that fields name with `enum_name`.
        plugins: The plugin of each entity that a plugin declares, by the name of the entity.
        computed: The computed fields of plugins, each with the name of its plugin.
        roles: The roles of plugins.
        permissions: The plugin of each permission, by the name of the permission.
        plugin_enum_values: For each enum, the plugin of each value that a plugin adds.

    Raises:
        DeclarationError: Two fields of an entity have the same name, a field has a reserved name, a reference
            leads to an entity that is not given, or a field uses an enum that has no values.
    """
    declared = tuple(entities)
    fields = _build_fields(declared, enum_values)
    _add_computed_fields(fields, computed)
    built = (_build_entity(e, fields[e.__name__], plugins.get(e.__name__, "")) for e in declared)
    return Catalog(
        MappingProxyType({entity.name: entity for entity in built}),
        MappingProxyType({role.name: role for role in roles}),
        MappingProxyType(dict(permissions)),
        MappingProxyType(dict(plugin_enum_values)),
    )


def _build_fields(entities: Iterable[type[Entity]], enum_values: EnumValues) -> FieldsByEntity:
    """Return the declared fields, and the lists that follow from references."""
    fields: FieldsByEntity = {entity.__name__: {} for entity in entities}
    declarations = [(entity, declared) for entity in entities for declared in entity.__fields__]
    for entity, declaration in declarations:
        _add(fields, entity.__name__, _build_field(entity, declaration, enum_values))
    for entity, declaration in declarations:
        if isinstance(declaration, ReferenceDeclaration):
            target = _require_entity(entity, declaration.name, declaration.target, fields)
            for field in _build_inverse_fields(entity, declaration):
                _add(fields, target, field)
    return fields


def _add(fields: FieldsByEntity, entity: str, field: Field) -> None:
    if field.name in RESERVED_FIELD_NAMES:
        raise DeclarationError(
            f"{entity}.{field.name} has the name of a field or argument that every entity has.",
            "Rename the field.",
        )
    if field.name in fields[entity]:
        both = f"{fields[entity][field.name].description!r} and {field.description!r}"
        raise DeclarationError(
            f"{entity}.{field.name} is declared twice: {both}.",
            "Rename one of the two fields. To rename the list of a reference, change its `back`.",
        )
    fields[entity][field.name] = field


def _add_computed_fields(
    fields: FieldsByEntity, computed: Iterable[tuple[str, ComputedColumn | BatchField]]
) -> None:
    """Add computed columns first, since batch fields can require them."""
    for plugin, declaration in sorted(computed, key=lambda pair: isinstance(pair[1], BatchField)):
        entity = _require_entity(declaration.entity, declaration.name, declaration.entity, fields)
        field = (
            _build_computed_column(declaration, plugin, fields)
            if isinstance(declaration, ComputedColumn)
            else _build_batch_field(declaration, plugin, fields[entity])
        )
        _add(fields, entity, field)


def _build_computed_column(declaration: ComputedColumn, plugin: str, entities: Iterable[str]) -> ScalarField:
    expression = build_expression(declaration)
    return ScalarField(
        name=camel_case(declaration.name),
        description=declaration.doc,
        column=expression,
        scalar_type=declaration.scalar_type,
        plugin=plugin,
        reads=frozenset(name for name in entities if snake_case(name) in expression.referenced_tables),
    )


def _build_batch_field(declaration: BatchField, plugin: str, fields: Mapping[str, Field]) -> BatchFieldInfo:
    computed = {f.column.name: f for f in fields.values() if isinstance(f, ScalarField) and f.plugin}
    columns = required_columns(
        declaration,
        {**_require_table(declaration.entity).c, **{name: f.column for name, f in computed.items()}},
    )
    return BatchFieldInfo(
        name=camel_case(declaration.name),
        description=declaration.doc,
        scalar_type=declaration.scalar_type,
        plugin=plugin,
        required_columns=columns,
        reads=frozenset().union(*(computed[name].reads for name in columns if name in computed)),
        compute=declaration.compute,
    )


def _require_entity(entity: type[Entity], name: str, required: type[Entity], fields: FieldsByEntity) -> str:
    if required.__name__ not in fields:
        raise DeclarationError(
            f"{entity.__name__}.{name} refers to {required.__name__}, which is not in the catalog.",
            "Load the plugin that declares it.",
        )
    return required.__name__


def _build_field(
    entity: type[Entity],
    declaration: ColumnDeclaration | CompositeDeclaration | ReferenceDeclaration,
    enum_values: EnumValues,
) -> Field:
    table = _require_table(entity)
    if isinstance(declaration, ReferenceDeclaration):
        return ToOne(
            name=camel_case(declaration.name),
            description=declaration.doc,
            nullable=declaration.nullable,
            target=declaration.target.__name__,
            column=table.c[declaration.column],
        )
    if isinstance(declaration, CompositeDeclaration):
        return _build_composite(table, declaration, enum_values)
    return _build_scalar(table, declaration, enum_values)


def _build_composite(
    table: Table, declaration: CompositeDeclaration, enum_values: EnumValues
) -> CompositeField:
    parts = {camel_case(p.name): _build_scalar(table, p, enum_values) for p in declaration.parts}
    return CompositeField(
        name=camel_case(declaration.name),
        description=declaration.doc,
        nullable=declaration.nullable,
        writable=all(part.writable for part in parts.values()),
        type_name=declaration.type.__name__,
        type_description=cleandoc(declaration.type.__doc__ or declaration.type.__name__),
        parts=MappingProxyType(parts),
        is_amount=declaration.type.__is_amount__,
        required_parts=frozenset(camel_case(p.name) for p in declaration.type.__parts__ if not p.nullable),
    )


def _build_scalar(table: Table, declaration: ColumnDeclaration, enum_values: EnumValues) -> ScalarField:
    return ScalarField(
        name=camel_case(declaration.name),
        description=declaration.doc,
        nullable=declaration.nullable,
        writable=declaration.writable,
        column=table.c[declaration.column],
        scalar_type=_find_scalar_type(table, declaration, enum_values),
        default=declaration.default,
        constraints=declaration.constraints,
        unique=declaration.unique,
        personal=declaration.personal,
    )


def _find_scalar_type(table: Table, declaration: ColumnDeclaration, enum_values: EnumValues) -> ScalarType:
    if declaration.enum_name is not None:
        if declaration.enum_name not in enum_values:
            raise DeclarationError(
                f"{table.name}.{declaration.name} uses {declaration.enum_name}, an enum without values.",
                "Register at least one value of the enum.",
            )
        return enum_type(declaration.enum_name, enum_values[declaration.enum_name])
    if declaration.scalar_type is None:
        raise DeclarationError(
            f"{table.name}.{declaration.name} has no scalar type.",
            "Annotate it with a supported Python type.",
        )
    return declaration.scalar_type


def _build_inverse_fields(entity: type[Entity], declaration: ReferenceDeclaration) -> Iterator[Field]:
    records = humanize(snake_case(entity.__plural__))
    relation = ToMany(
        name=camel_case(declaration.back),
        description=f"The {records} whose `{camel_case(declaration.name)}` is this record.",
        target=entity.__name__,
        column=_require_table(entity).c[declaration.column],
    )
    yield relation
    description = f"Aggregates over {records}, optionally grouped."
    yield ToManyAggregate(name=aggregate_name(relation.name), description=description, relation=relation)


def _build_entity(entity: type[Entity], fields: dict[str, Field], plugin: str) -> EntityInfo:
    name = entity.__name__
    general: dict[str, Field] = {
        EXTERNAL_REFS: ExternalRefsField(
            name=EXTERNAL_REFS, description="The keys of the record in other systems.", entity=name
        ),
        HISTORY: HistoryField(name=HISTORY, description="The changes of the record, newest first."),
    }
    return EntityInfo(
        name=name,
        plural=entity.__plural__,
        description=cleandoc(entity.__doc__ or name),
        table=_require_table(entity),
        fields=MappingProxyType(fields | general),
        order=camel_case(entity.__order__.lstrip("-")),
        descending=entity.__order__.startswith("-"),
        searchable=any(f.search for f in list_columns(entity.__fields__)),
        entity_class=entity,
        plugin=plugin,
    )


def _require_table(entity: type[Entity]) -> Table:
    table = entity.__table__
    if not isinstance(table, Table):
        raise DeclarationError(f"{entity.__name__} has no table.", "Declare it as a subclass of Entity.")
    return table
