"""The schema is what its printed form says, describes everything, and keeps the naming rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
    is_specified_scalar_type,
)
from graphql import (
    build_schema as parse_schema,
)

from tenure_core.catalog.catalog import Catalog
from tenure_schema.schema import build_schema, graphql_schema, schema_text

PRINTED = Path(__file__).parents[2] / "schema" / "schema.graphql"
VERBS = re.compile(r"^(get|list|fetch|find|load|query)[A-Z]")


@pytest.fixture(scope="module")
def schema(catalog: Catalog) -> GraphQLSchema:
    return graphql_schema(build_schema(catalog))


def fields(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Every type, field, argument and input field, with its description."""
    for name, type_ in schema.type_map.items():
        if is_introspection_type(type_) or is_specified_scalar_type(type_):
            continue
        yield name, type_.description
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in type_.fields.items():
                yield f"{name}.{field_name}", field.description
                yield from ((f"{name}.{field_name}({a})", arg.description) for a, arg in field.args.items())
        if isinstance(type_, GraphQLInputObjectType):
            yield from ((f"{name}.{f}", field.description) for f, field in type_.fields.items())


def test_the_printed_schema_is_the_schema(catalog: Catalog) -> None:
    hint = "run `tenure schema print > schema/schema.graphql` and read the difference"
    assert schema_text(catalog) == PRINTED.read_text(), hint


def test_the_printed_schema_can_be_read_by_other_tools() -> None:
    assert parse_schema(PRINTED.read_text()).query_type


def test_everything_has_a_description(schema: GraphQLSchema) -> None:
    assert [name for name, description in fields(schema) if not description] == []


def test_names_keep_the_rules(schema: GraphQLSchema) -> None:
    for name, _ in fields(schema):
        own = re.split(r"[.(]", name.rstrip(")"))[-1]
        assert re.fullmatch(r"[A-Z][A-Za-z]*" if "." not in name else r"[a-z][A-Za-z]*", own), name
        assert not VERBS.match(own), name
    enums = [
        t for t in schema.type_map.values() if isinstance(t, GraphQLEnumType) and not is_introspection_type(t)
    ]
    assert all(re.fullmatch(r"[A-Z]+(_[A-Z]+)*", value) for enum in enums for value in enum.values)


def test_connections_have_relays_form(schema: GraphQLSchema, catalog: Catalog) -> None:
    for entity in catalog.entities.values():
        connection, edge = schema.type_map[f"{entity.name}Connection"], schema.type_map[f"{entity.name}Edge"]
        assert isinstance(connection, GraphQLObjectType)
        assert isinstance(edge, GraphQLObjectType)
        assert str(connection.fields["pageInfo"].type) == "PageInfo!"
        assert str(connection.fields["edges"].type) == f"[{entity.name}Edge!]!"
        assert isinstance(edge.fields["cursor"].type, GraphQLNonNull)
        record = schema.type_map[entity.name]
        assert isinstance(record, GraphQLObjectType)
        assert [interface.name for interface in record.interfaces] == ["Node"]
