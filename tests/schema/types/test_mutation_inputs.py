"""The input types of mutations."""

from __future__ import annotations

from graphql import GraphQLInputObjectType, GraphQLSchema

from tenure_core.catalog.catalog import Catalog


def input_fields(schema: GraphQLSchema, name: str) -> dict[str, str]:
    """Return the fields of an input type with their types."""
    type_ = schema.type_map[name]
    assert isinstance(type_, GraphQLInputObjectType)
    return {field: str(definition.type) for field, definition in type_.fields.items()}


def test_required_fields_are_required_only_to_create_a_record(schema: GraphQLSchema) -> None:
    assert input_fields(schema, "AccountCreateInput")["name"] == "String!"
    assert input_fields(schema, "AccountUpdateInput")["name"] == "String"
    assert input_fields(schema, "AccountUpsertInput")["name"] == "String"


def test_fields_with_a_default_are_optional(schema: GraphQLSchema) -> None:
    assert input_fields(schema, "AccountCreateInput")["kind"] == "AccountKind"


def test_system_fields_are_not_writable(schema: GraphQLSchema, catalog: Catalog) -> None:
    for name in catalog.entities:
        fields = input_fields(schema, f"{name}CreateInput")
        assert not fields.keys() & {"id", "version", "createdAt", "updatedAt", "deletedAt"}


def test_every_mutation_has_one_input_with_an_idempotency_key(schema: GraphQLSchema) -> None:
    assert schema.mutation_type
    for field in schema.mutation_type.fields.values():
        assert list(field.args) == ["input"]
        name = str(field.args["input"].type).rstrip("!")
        assert input_fields(schema, name)["idempotencyKey"] == "String"


def test_rows_and_operations_have_no_idempotency_key(schema: GraphQLSchema) -> None:
    parts = [name for name in schema.type_map if name.endswith(("UpsertRow", "Operation"))]
    assert {"AccountUpsertRow", "AccountCreateOperation", "RecordOperation"} <= set(parts)
    for name in parts:
        type_ = schema.type_map[name]
        assert not isinstance(type_, GraphQLInputObjectType) or "idempotencyKey" not in type_.fields


def test_a_reference_is_an_id_an_external_key_or_an_operation(schema: GraphQLSchema) -> None:
    assert input_fields(schema, "ContactCreateInput")["account"] == "AccountReference"
    assert list(input_fields(schema, "AccountReference")) == ["id", "externalRef", "operation"]
