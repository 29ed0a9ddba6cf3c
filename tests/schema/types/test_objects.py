"""The object types of entities: records, Relay connections and aggregates."""

from __future__ import annotations

import pytest
from graphql import GraphQLNonNull, GraphQLObjectType, GraphQLSchema

from tenure_core.catalog.catalog import Catalog


def object_type(schema: GraphQLSchema, name: str) -> GraphQLObjectType:
    type_ = schema.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    return type_


def test_connections_follow_the_relay_specification(schema: GraphQLSchema, catalog: Catalog) -> None:
    for name in catalog.entities:
        connection, edge = object_type(schema, f"{name}Connection"), object_type(schema, f"{name}Edge")
        assert str(connection.fields["pageInfo"].type) == "PageInfo!"
        assert str(connection.fields["edges"].type) == f"[{name}Edge!]!"
        assert str(connection.fields["nodes"].type) == f"[{name}!]!"
        assert isinstance(edge.fields["cursor"].type, GraphQLNonNull)


def test_records_implement_node(schema: GraphQLSchema, catalog: Catalog) -> None:
    for name in catalog.entities:
        assert [interface.name for interface in object_type(schema, name).interfaces] == ["Node"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Account.name", "String!"),
        ("Account.industry", "String"),
        ("Account.annualRevenue", "Money"),
        ("Account.parent", "Account"),
        ("Account.contacts", "ContactConnection!"),
        ("Account.contactsAggregate", "[ContactAggregate!]!"),
        ("Account.externalRefs", "[ExternalRef!]!"),
        ("Account.history", "ChangeConnection!"),
        ("Money.minorUnits", "BigInt!"),
        ("Address.city", "String"),
        ("AccountKey.parent", "Account"),
        ("AccountSum.employees", "BigInt"),
        ("AccountAverage.employees", "Float"),
        ("AccountMaximum.createdAt", "DateTime"),
    ],
)
def test_a_field_has_the_type_of_its_declaration(schema: GraphQLSchema, path: str, expected: str) -> None:
    type_, field = path.split(".")
    assert str(object_type(schema, type_).fields[field].type) == expected


def test_a_list_describes_its_default_order(schema: GraphQLSchema) -> None:
    query = object_type(schema, "Query")
    accounts, activities = query.fields["accounts"].args, query.fields["activities"].args
    assert "id ascending by default" in str(accounts["orderBy"].description)
    assert "occurredAt descending by default" in str(activities["orderBy"].description)
    assert accounts["first"].description == "Page size from the start; 20 by default, at most 100."
