"""Plugins' own parts of the schema: joined to the platform's, and refused where two want one name."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import strawberry
from graphql import GraphQLObjectType
from tests.support.vehicle_plugin import fleet

from tenure_core.catalog.builder import build_catalog
from tenure_core.errors import PluginError
from tenure_core.plugins.host import Host, core_host, load_host
from tenure_core.settings import Settings
from tenure_schema.plugins.schema_parts import PluginParts
from tenure_schema.schema import build_schema, graphql_schema, schema_text
from tenure_sdk import GraphQLParts
from tenure_sdk.graphql import entity_type, platform_type


def host(**parts: GraphQLParts) -> Host:
    """Return a host of plugins that have nothing but such parts."""
    plugins = [fleet(name, register_graphql=_returning(part)) for name, part in parts.items()]
    return load_host(Settings(), plugins)


def _returning(part: GraphQLParts) -> Callable[[], GraphQLParts]:
    return lambda: part


def text(found: Host) -> str:
    return schema_text(found.catalog, PluginParts.of(found))


def query(name: str, type_: Any = int, of: str = "Query") -> type:
    """Return a Strawberry type with one field."""
    field = strawberry.field(resolver=lambda: None, graphql_type=type_, description="Something.")
    return strawberry.type(type(of, (), {name: field, "__annotations__": {}}))


def leaf(name: str, within: str = "somewhere") -> type:
    """Return a Strawberry type of its own in each place."""
    place = {"__qualname__": f"{within}.{name}"}
    return strawberry.type(type(name, (), {"__annotations__": {"x": int}, **place}))


def test_without_plugins_the_schema_is_the_platforms() -> None:
    assert text(core_host()) == schema_text(build_catalog())
    assert "type Subscription" not in text(core_host())


def test_the_platforms_fields_come_first_and_then_those_of_plugins_in_their_order() -> None:
    found = host(alpha=GraphQLParts(query=query("one")), beta=GraphQLParts(query=query("two")))
    schema = graphql_schema(build_schema(found.catalog, PluginParts.of(found)))
    type_ = schema.query_type
    assert isinstance(type_, GraphQLObjectType)
    assert next(iter(type_.fields)) == "node"
    assert list(type_.fields)[-2:] == ["one", "two"]
    assert type_.description == "Questions about the customers of one tenant."


def test_names_are_written_as_the_api_writes_them() -> None:
    assert "  longName: Int" in text(host(alpha=GraphQLParts(query=query("long_name"))))


@pytest.mark.parametrize("kind", ["query", "mutation", "subscription"])
def test_two_plugins_with_one_root_field_are_refused_with_both_names(kind: str) -> None:
    parts = {name: GraphQLParts(**{kind: query("one", of=name)}) for name in ("alpha", "beta")}
    with pytest.raises(PluginError, match=f"The {kind} one is brought by alpha and by beta"):
        text(host(**parts))


@pytest.mark.parametrize("name", ["accounts", "account", "accounts_aggregate", "node", "field_owners"])
def test_a_root_field_of_the_platform_is_nobody_elses(name: str) -> None:
    with pytest.raises(PluginError, match="is brought by Tenure itself and by alpha"):
        text(host(alpha=GraphQLParts(query=query(name))))


def test_two_plugins_with_one_type_are_refused_with_both_names() -> None:
    parts = {name: GraphQLParts(query=query(name, leaf("Thing", name))) for name in ("alpha", "beta")}
    with pytest.raises(PluginError, match=r"Type Thing is defined multiple times.* by alpha and by beta"):
        text(host(**parts))


@pytest.mark.parametrize("name", ["Account", "PageInfo", "UserError", "AccountFilter"])
def test_a_type_of_the_platform_is_nobody_elses(name: str) -> None:
    with pytest.raises(PluginError, match=f"Type {name} .* brought by Tenure itself and by alpha"):
        text(host(alpha=GraphQLParts(query=query("one", list[leaf(name)]))))  # type: ignore[misc]


def test_a_type_that_strawberry_can_not_build_is_refused_with_the_plugins_name() -> None:
    with pytest.raises(PluginError, match=r"The schema can't be built: .* alpha\."):
        text(host(alpha=GraphQLParts(query=query("one", complex))))


def test_what_is_no_strawberry_type_is_refused() -> None:
    with pytest.raises(PluginError, match="SimpleNamespace is no Strawberry type"):
        text(host(alpha=GraphQLParts(query=SimpleNamespace)))


def test_a_type_that_the_platform_lacks_is_refused_by_its_name() -> None:
    with pytest.raises(PluginError, match="The schema has no type Spaceship of the platform"):
        text(host(alpha=GraphQLParts(query=query("one", entity_type("Spaceship")))))


def test_types_of_the_platform_may_be_named_anywhere() -> None:
    found = text(
        host(
            alpha=GraphQLParts(query=query("one", entity_type("Account") | None)),
            beta=GraphQLParts(query=query("two", platform_type("AccountKind") | None)),
        )
    )
    assert "  one: Account\n" in found
    assert "  two: AccountKind\n" in found


def test_types_that_nothing_leads_to_are_there_too() -> None:
    assert "type Lonely {" in text(host(alpha=GraphQLParts(types=(leaf("Lonely"),))))


def test_one_plugins_parts_can_be_built_into_many_schemas() -> None:
    part = GraphQLParts(query=query("one", entity_type("Account") | None))
    assert text(host(alpha=part)) == text(host(alpha=part))
