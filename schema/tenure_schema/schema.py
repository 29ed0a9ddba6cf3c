"""The schema: its root fields, and everything they lead to, from the catalog."""

from __future__ import annotations

import strawberry
from graphql import GraphQLScalarType, GraphQLSchema, is_specified_scalar_type, value_from_ast_untyped
from strawberry.schema.config import StrawberryConfig

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.external_refs import BY_EXTERNAL_REF
from tenure_core.errors import PluginError
from tenure_core.query.plan.planner import AGGREGATE
from tenure_schema.features.change_feed import query_fields
from tenure_schema.features.field_owners import LIST
from tenure_schema.features.plugin_admin import PLUGINS
from tenure_schema.mutations.record import mutations_of
from tenure_schema.mutations.runner import Mutation
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
from tenure_schema.types.filter_inputs import FilterInputs
from tenure_schema.types.mutation_inputs import MutationInputs
from tenure_schema.types.objects import ObjectTypes
from tenure_schema.types.payloads import Payloads
from tenure_schema.types.scalars import SCALARS

NO_PARTS = PluginParts()


def build_schema(catalog: Catalog, parts: PluginParts = NO_PARTS) -> strawberry.Schema:
    """Return the GraphQL schema of a catalog and of plugins' own parts.

    Raises:
        PluginError: Two of them bring a root field or a type of one name, or theirs can't be built.
    """
    try:
        return _built(catalog, parts)
    except DuplicateTypeError as error:
        raise _taken(error.name, catalog) from error


def _built(catalog: Catalog, parts: PluginParts) -> strawberry.Schema:
    types = TypeRegistry()
    types.implement("Node", catalog.entities)
    inputs = FilterInputs(catalog, types)
    objects = ObjectTypes(catalog, types, inputs)
    MutationInputs(catalog, types, inputs)
    Payloads(catalog, types)
    query = types.object(
        "Query", "Questions about the customers of one tenant.", _query_fields(catalog, types, objects)
    )
    mutations = [_write(mutation, types) for mutation in mutations_of(catalog)]
    mutation = types.object("Mutation", "Changes to the customers of one tenant.", mutations)
    PlatformType.building = types
    schema = _joined(query, mutation, [types[name] for name in catalog.entities], parts)
    _fill_in_variables(graphql_schema(schema))
    roots = {kind.capitalize(): parts.fields(kind) for kind in ROOTS}
    wire_fields(graphql_schema(schema), types.named, roots)
    return schema


def _taken(name: str, catalog: Catalog) -> PluginError:
    """Return what to say of an entity of a plugin, from which a type follows that is there already."""
    guilty = next(e for e in catalog.entities.values() if e.plugin and name.startswith(e.name))
    return PluginError(
        f"The type {name} is brought by {PLATFORM} and, with the entity {guilty.name}, by {guilty.plugin}.",
        f"Rename the entity, or leave {guilty.plugin} out with TENURE_PLUGINS_DENY.",
    )


def _joined(query: type, mutation: type, entities: list[type], parts: PluginParts) -> strawberry.Schema:
    config = StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True)
    try:
        return strawberry.Schema(
            merge_parts("query", query, parts) or query,
            merge_parts("mutation", mutation, parts),
            merge_parts("subscription", None, parts, "What happens, as it happens."),
            types=[*entities, *parts.types],
            config=config,
        )
    except Exception as error:
        raise build_error(error, parts) from error


def _fill_in_variables(schema: GraphQLSchema) -> None:
    """Have the variables inside of a JSON literal filled in before our scalars read it.

    Strawberry knows graphql-core's older way only, in which a variable that was left out stays in the value.
    """
    for scalar in schema.type_map.values():
        if isinstance(scalar, GraphQLScalarType) and not is_specified_scalar_type(scalar):
            scalar.coerce_input_literal = value_from_ast_untyped


def schema_text(catalog: Catalog, parts: PluginParts = NO_PARTS) -> str:
    """Return the schema in GraphQL's schema definition language, as clients' tools read it."""
    return build_schema(catalog, parts).as_str().strip() + "\n"


def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """Return the schema as graphql-core has it."""
    return schema._schema


def _query_fields(catalog: Catalog, types: TypeRegistry, objects: ObjectTypes) -> list[PlannedField]:
    node = types["Node"]
    fields = [
        output_field(
            "node", node | None, "The record with an id, whatever it is of.", [_identity("Its id.")]
        ),
        output_field(
            "nodes",
            list_of(node | None),
            "The records with these ids, in their order; null for each that is not there.",
            [
                Argument("ids", list[strawberry.ID], "Their ids, 100 at most."),
            ],
        ),
    ]
    owners = list_of(types["FieldOwner"])
    fields.append(output_field(LIST, owners, "The fields that only one system may write.", []))
    plugins = list_of(types["Plugin"])
    fields.append(output_field(PLUGINS, plugins, "The plugins of this server; for administrators.", []))
    for entity in catalog.entities.values():
        fields += _entity_query_fields(entity, types, objects)
    return [*fields, *query_fields(types)]


def _entity_query_fields(entity: EntityInfo, types: TypeRegistry, objects: ObjectTypes) -> list[PlannedField]:
    aggregate = objects.aggregate_field(f"{entity.plural}{AGGREGATE}", entity)
    return [
        output_field(
            entity.singular,
            types[entity.name] | None,
            f"One of the {entity.plural} by its id.",
            [_identity("Its id.")],
        ),
        output_field(
            f"{entity.singular}{BY_EXTERNAL_REF}",
            types[entity.name] | None,
            f"One of the {entity.plural} by the key that another system knows it by.",
            [
                Argument("system", str, "The other system's name."),
                Argument("externalId", strawberry.ID, "Its key there."),
            ],
        ),
        output_field(
            entity.plural,
            types[f"{entity.name}Connection"],
            f"The {entity.plural}, page by page.",
            objects.inputs.list_arguments(entity),
        ),
        aggregate,
    ]


def _identity(description: str) -> Argument:
    return Argument("id", strawberry.ID, description)


def _write(mutation: Mutation, types: TypeRegistry) -> PlannedField:
    argument = Argument("input", types[mutation.payload.removesuffix("Payload") + "Input"], "What to write.")
    return output_field(mutation.name, types[mutation.payload] | None, mutation.description, [argument])
