"""Builds the GraphQL schema from the catalog, the features and the plugins' parts.

Used by the executor, and at startup to find the plugins whose types are not valid.
"""

from __future__ import annotations

from collections.abc import Sequence

import strawberry
from graphql import GraphQLScalarType, GraphQLSchema, is_specified_scalar_type, value_from_ast_untyped
from strawberry.schema.config import StrawberryConfig

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.root_fields import RootFieldKind
from tenure_core.errors import PluginError
from tenure_core.plugins.host import Host
from tenure_core.plugins.loading.loader import FailedPlugin, check_requirements, fail_or_skip
from tenure_core.query.plan.sizes import PAGE_SIZE
from tenure_core.settings import Settings
from tenure_schema.features import FEATURES, Feature
from tenure_schema.mutations.mutation import Mutation
from tenure_schema.mutations.record import record_mutations
from tenure_schema.plugins.field_wiring import wire_fields
from tenure_schema.plugins.schema_parts import PLATFORM, ROOTS, PluginParts, build_error, merge_parts
from tenure_schema.plugins.type_references import PlatformType
from tenure_schema.types.builder import (
    Argument,
    DuplicateTypeError,
    PlannedField,
    TypeRegistry,
    list_of,
    output_field,
)
from tenure_schema.types.descriptions import label, with_article
from tenure_schema.types.filter_inputs import FilterInputs
from tenure_schema.types.mutation_inputs import MutationInputs
from tenure_schema.types.objects import ObjectTypes
from tenure_schema.types.payloads import Payloads
from tenure_schema.types.scalars import SCALARS

NO_PARTS = PluginParts()
RECORD_ID = Argument("id", strawberry.ID, "Id of the record.")


def build_schema(
    catalog: Catalog, parts: PluginParts = NO_PARTS, features: Sequence[Feature] = FEATURES
) -> strawberry.Schema:
    """Return the GraphQL schema.

    Args:
        catalog: The entities.
        parts: The plugins' own types and root fields.
        features: The parts of the API that are not entities.

    Raises:
        PluginError: Two plugins define a root field or type with the same name, or a type is not valid.
    """
    try:
        return _build_schema(catalog, parts, features)
    except DuplicateTypeError as error:
        raise _duplicate_type_error(error.name, catalog) from error


def _build_schema(catalog: Catalog, parts: PluginParts, features: Sequence[Feature]) -> strawberry.Schema:
    types = TypeRegistry()
    types.implement("Node", catalog.entities)
    inputs = FilterInputs(catalog, types)
    record_fields = [field for feature in features for field in feature.record_fields(types)]
    objects = ObjectTypes(catalog, types, inputs, record_fields)
    MutationInputs(catalog, types, inputs)
    Payloads(catalog, types)
    for feature in features:
        feature.define_types(types)
    fields = _query_fields(objects, features)
    query = types.object("Query", "Queries on the data of the API key's tenant.", fields)
    mutations = [_mutation_field(mutation, types) for mutation in list_mutations(catalog, features)]
    mutation = types.object("Mutation", "Writes to the data of the API key's tenant.", mutations)
    PlatformType.building = types
    schema = _merge_plugins(query, mutation, [types[name] for name in catalog.entities], parts)
    _replace_variables_in_literals(graphql_schema(schema))
    roots = {kind.capitalize(): parts.fields(kind) for kind in ROOTS}
    wire_fields(graphql_schema(schema), types.named, roots)
    return schema


def list_mutations(catalog: Catalog, features: Sequence[Feature] = FEATURES) -> list[Mutation]:
    """Return the mutations of the platform: those of the catalog's entities and of the features."""
    return [*record_mutations(catalog), *(m for feature in features for m in feature.mutations)]


def _duplicate_type_error(name: str, catalog: Catalog) -> PluginError:
    """Return the error of a plugin's entity for which a type would be generated that exists."""
    entity = next(e for e in catalog.entities.values() if e.plugin and name.startswith(e.name))
    return PluginError(
        f"The type {name} is registered by {PLATFORM} and, for the entity {entity.name}, by {entity.plugin}.",
        f"Rename the entity, or exclude {entity.plugin} with TENURE_PLUGINS_DENY.",
    )


def _merge_plugins(
    query: type, mutation: type, entities: list[type], parts: PluginParts
) -> strawberry.Schema:
    config = StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True)
    try:
        return strawberry.Schema(
            merge_parts("query", query, parts) or query,
            merge_parts("mutation", mutation, parts),
            merge_parts("subscription", None, parts, "Events, delivered as they occur."),
            types=[*entities, *parts.types],
            config=config,
        )
    except Exception as error:
        raise build_error(error, parts) from error


def _replace_variables_in_literals(schema: GraphQLSchema) -> None:
    """Make graphql-core replace the variables in a JSON literal before a custom scalar receives it.

    Strawberry uses graphql-core's older interface, in which an omitted variable stays in the value.
    """
    for scalar in schema.type_map.values():
        if isinstance(scalar, GraphQLScalarType) and not is_specified_scalar_type(scalar):
            scalar.coerce_input_literal = value_from_ast_untyped


def drop_broken_plugins(host: Host, settings: Settings) -> Host:
    """Return a host without the plugins whose types are not valid, and without the plugins that require them.

    Args:
        host: The plugins.
        settings: `plugin_failures` determines whether an invalid plugin stops the start or is skipped.

    Raises:
        PluginError: A plugin is not valid, and the setting is not "skip".
    """
    build_schema(host.catalog)  # An error of the entities themselves stops the start with either setting.
    parts, failed = PluginParts.of(host), list[FailedPlugin]()
    for plugin in host.plugins:
        try:
            check_requirements(plugin.manifest, failed)
            build_schema(host.catalog, parts.only(plugin.name))
        except PluginError as error:
            failed.append(fail_or_skip(plugin.name, error, skip=settings.plugin_failures == "skip"))
    return host.without(failed)


def schema_text(catalog: Catalog, parts: PluginParts = NO_PARTS) -> str:
    """Return the schema in GraphQL's schema definition language (SDL)."""
    return build_schema(catalog, parts).as_str().strip() + "\n"


def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """Return graphql-core's schema of a Strawberry schema."""
    return schema._schema


def _query_fields(objects: ObjectTypes, features: Sequence[Feature]) -> list[PlannedField]:
    node = objects.types["Node"]
    ids = Argument("ids", list[strawberry.ID], f"Ids of the records; at most {PAGE_SIZE.maximum}.")
    by_id = "The record of any entity with this id; null if it does not exist or is deleted."
    by_ids = "The records with these ids, in their order; null for each that does not exist or is deleted."
    return [
        output_field(RootFieldKind.NODE.value, node | None, by_id, [RECORD_ID]),
        output_field(RootFieldKind.NODES.value, list_of(node | None), by_ids, [ids]),
        *(f for entity in objects.catalog.entities.values() for f in _entity_query_fields(entity, objects)),
        *(f for feature in features for f in feature.query_fields(objects.types)),
    ]


def _entity_query_fields(entity: EntityInfo, objects: ObjectTypes) -> list[PlannedField]:
    record, types = with_article(entity.singular).capitalize(), objects.types
    external_key = [
        Argument("system", str, "Name of the other system."),
        Argument("externalId", strawberry.ID, "The record's id in the other system."),
    ]
    by_id = f"{record} by id; null if it does not exist or is deleted."
    by_key = f"{record} by its key in another system; null if it does not exist or is deleted."
    connection, arguments = types[f"{entity.name}Connection"], objects.inputs.list_arguments(entity)
    record_type = types[entity.name] | None
    find = objects.catalog.root_fields.find
    external_ref = find(RootFieldKind.RECORD_BY_EXTERNAL_REF, entity)
    page = f"A page of {label(entity.plural)}."
    return [
        output_field(find(RootFieldKind.RECORD, entity).name, record_type, by_id, [RECORD_ID]),
        output_field(external_ref.name, record_type, by_key, external_key),
        output_field(find(RootFieldKind.CONNECTION, entity).name, connection, page, arguments),
        objects.aggregate_field(find(RootFieldKind.AGGREGATE, entity).name, entity),
    ]


def _mutation_field(mutation: Mutation, types: TypeRegistry) -> PlannedField:
    argument = Argument("input", types[mutation.input_type], "The input of the mutation.")
    return output_field(mutation.name, types[mutation.payload_type] | None, mutation.description, [argument])
