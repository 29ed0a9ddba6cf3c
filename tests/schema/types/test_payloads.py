"""The payload types of mutations."""

from __future__ import annotations

from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLSchema

from tenure_core.write.results import ErrorCode, Status


def test_every_payload_is_nullable_with_user_errors_and_replayed(schema: GraphQLSchema) -> None:
    assert schema.mutation_type
    for field in schema.mutation_type.fields.values():
        payload = field.type
        assert isinstance(payload, GraphQLObjectType)
        assert str(payload.fields["userErrors"].type) == "[UserError!]!"
        assert str(payload.fields["replayed"].type) == "Boolean!"


def test_every_error_code_and_status_is_described(schema: GraphQLSchema) -> None:
    for name, values in (("UserErrorCode", ErrorCode), ("WriteStatus", Status)):
        enum = schema.type_map[name]
        assert isinstance(enum, GraphQLEnumType)
        assert list(enum.values) == [value.value for value in values]
        assert all(value.description for value in enum.values.values())
