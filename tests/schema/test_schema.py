"""The schema equals its printed file, is described completely, and follows the naming rules.

A plugin whose GraphQL types are not valid stops the start or is skipped, depending on the settings.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
    is_specified_scalar_type,
)
from graphql import (
    build_schema as parse_schema,
)
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.support.vehicle_plugin import fleet

from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import PluginError
from tenure_schema.schema import build_schema, graphql_schema, schema_text
from tenure_sdk import GraphQLParts
from tenure_sdk.testing import RunningTenure, running_tenure

PRINTED = Path(__file__).parents[2] / "schema" / "schema.graphql"
VERBS = re.compile(r"^(get|list|fetch|find|load|query)[A-Z]")


@pytest.fixture(scope="module")
def schema(catalog: Catalog) -> GraphQLSchema:
    return graphql_schema(build_schema(catalog))


def fields(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Yield the path of every type, field, argument and input field, with its description."""
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


def enums(schema: GraphQLSchema) -> list[GraphQLEnumType]:
    return [
        type_
        for type_ in schema.type_map.values()
        if isinstance(type_, GraphQLEnumType) and not is_introspection_type(type_)
    ]


def test_the_printed_schema_is_up_to_date(catalog: Catalog) -> None:
    hint = "run `tenure schema print > schema/schema.graphql` and review the difference"
    assert schema_text(catalog) == PRINTED.read_text(), hint


def test_the_printed_schema_can_be_parsed() -> None:
    assert parse_schema(PRINTED.read_text()).query_type


def test_everything_has_a_description(schema: GraphQLSchema) -> None:
    assert [name for name, description in fields(schema) if not description] == []


def test_descriptions_are_sentences(schema: GraphQLSchema) -> None:
    for name, description in fields(schema):
        assert description
        assert re.fullmatch(r"[A-Z`].*\.", description, re.DOTALL), f"{name}: {description}"
        assert not re.search(r"\ba [aeio]|\ban [^aeiou`]", description, re.IGNORECASE), (
            f"{name}: {description}"
        )


def test_the_values_of_platform_enums_have_descriptions(schema: GraphQLSchema) -> None:
    described = {
        enum.name for enum in enums(schema) if all(value.description for value in enum.values.values())
    }
    assert described >= {
        "AggregateFunction",
        "ChangeOperation",
        "ErrorPolicy",
        "FieldOwnerPolicy",
        "NullOrder",
        "OnConflict",
        "OrderDirection",
        "PluginStatus",
        "TimeBucket",
        "UserErrorCode",
        "WriteStatus",
    }


def test_names_follow_the_rules(schema: GraphQLSchema) -> None:
    for name, _ in fields(schema):
        last = re.split(r"[.(]", name.rstrip(")"))[-1]
        assert re.fullmatch(r"[A-Z][A-Za-z]*" if "." not in name else r"[a-z][A-Za-z]*", last), name
        assert not VERBS.match(last), name
    assert all(re.fullmatch(r"[A-Z]+(_[A-Z]+)*", value) for enum in enums(schema) for value in enum.values)


def make_plugin(name: str, type_: type, requires: tuple[str, ...] = ()) -> SimpleNamespace:
    """Return a plugin with a root field of this name and a route."""

    async def resolve(self: object) -> None:
        """Return None."""

    async def route(request: Request) -> Response:
        return PlainTextResponse(name)

    field = strawberry.field(resolve, graphql_type=type_ | None, description="Something.")
    parts = GraphQLParts(query=strawberry.type(type(name, (), {name: field, "__annotations__": {}})))
    routes = [Route("/here", route)]
    return fleet(name, requires, register_graphql=lambda: parts, register_routes=lambda: routes)


@asynccontextmanager
async def run_with_failures(server_url: str, failures: str) -> AsyncIterator[RunningTenure]:
    plugins = [
        make_plugin("valid", int),
        make_plugin("invalid", complex),
        make_plugin("dependent", int, ("invalid",)),
    ]
    async with running_tenure(server_url, plugins, plugin_failures=failures) as tenure:
        yield tenure


async def test_an_invalid_plugin_stops_the_start(server_url: str) -> None:
    with pytest.raises(
        PluginError, match=r"The plugin invalid failed at startup: The schema cannot be built"
    ):
        async with run_with_failures(server_url, "stop"):
            pass


async def test_an_invalid_plugin_and_its_dependents_are_skipped(server_url: str) -> None:
    async with run_with_failures(server_url, "skip") as tenure:
        tenant = await tenure.create_tenant()
        response = await tenant.execute("{ plugins { name status problems } valid }")
        paths = [f"/plugins/{name}/here" for name in ("valid", "invalid", "dependent")]
        assert [(await tenant.client.get(path)).status_code for path in paths] == [200, 404, 404]
    assert response["data"]["valid"] is None
    by_name = {
        plugin["name"]: (plugin["status"], plugin["problems"]) for plugin in response["data"]["plugins"]
    }
    assert by_name["valid"] == ("LOADED", [])
    assert by_name["invalid"][0] == "SKIPPED"
    assert "The schema cannot be built" in by_name["invalid"][1][0]
    assert by_name["dependent"] == (
        "SKIPPED",
        ["It was skipped at startup: It requires invalid, which was skipped."],
    )
