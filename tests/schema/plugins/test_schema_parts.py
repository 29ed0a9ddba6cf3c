"""Plugins' parts of the schema are merged with the platform's; name conflicts are rejected."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from enum import Enum, StrEnum
from types import SimpleNamespace
from typing import Annotated, Any, Union

import pytest
import strawberry
from graphql import GraphQLObjectType
from sqlalchemy import MetaData
from sqlalchemy.orm import Mapped
from tests.support.plugin_factory import plugin
from tests.support.vehicle_plugin import fleet

from tenure_core.catalog.builder import build_catalog
from tenure_core.entities.declaration import Entity
from tenure_core.errors import PluginError
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.host import Host, core_host, load_host
from tenure_core.settings import Settings
from tenure_schema.plugins.schema_parts import PluginParts
from tenure_schema.schema import build_schema, graphql_schema, schema_text
from tenure_sdk import GraphQLParts
from tenure_sdk.graphql import entity_type, platform_type


def make_host(**parts: GraphQLParts) -> Host:
    """Return a host of plugins with these parts."""
    plugins = [fleet(name, register_graphql=_returning(part)) for name, part in parts.items()]
    return load_host(Settings(), plugins)


def _returning(part: GraphQLParts) -> Callable[[], GraphQLParts]:
    return lambda: part


def text(host: Host) -> str:
    return schema_text(host.catalog, PluginParts.of(host))


def query(name: str, type_: Any = int, of: str = "Query") -> type:
    """Return a Strawberry type with one field."""
    field = strawberry.field(resolver=lambda: None, graphql_type=type_, description="Something.")
    return strawberry.type(type(of, (), {name: field, "__annotations__": {}}))


def leaf(name: str, within: str = "somewhere") -> type:
    """Return a new Strawberry type."""
    place = {"__qualname__": f"{within}.{name}"}
    return strawberry.type(type(name, (), {"__annotations__": {"x": int}, **place}))


def test_without_plugins_the_schema_is_that_of_the_platform() -> None:
    assert text(core_host()) == schema_text(build_catalog())
    assert "type Subscription" not in text(core_host())


def test_fields_of_plugins_follow_those_of_the_platform_in_load_order() -> None:
    host = make_host(alpha=GraphQLParts(query=query("one")), beta=GraphQLParts(query=query("two")))
    schema = graphql_schema(build_schema(host.catalog, PluginParts.of(host)))
    type_ = schema.query_type
    assert isinstance(type_, GraphQLObjectType)
    assert next(iter(type_.fields)) == "node"
    assert list(type_.fields)[-2:] == ["one", "two"]
    assert type_.description == "Queries on the data of the API key's tenant."


def test_names_are_converted_to_camel_case() -> None:
    assert "  longName: Int" in text(make_host(alpha=GraphQLParts(query=query("long_name"))))


@pytest.mark.parametrize("kind", ["query", "mutation", "subscription"])
def test_two_plugins_with_the_same_root_field_are_rejected(kind: str) -> None:
    parts = {name: GraphQLParts(**{kind: query("one", of=name)}) for name in ("alpha", "beta")}
    with pytest.raises(PluginError, match=f"The {kind} one is registered by alpha and by beta"):
        text(make_host(**parts))


@pytest.mark.parametrize("name", ["accounts", "account", "accounts_aggregate", "node", "field_owners"])
def test_a_root_field_of_the_platform_cannot_be_redefined(name: str) -> None:
    with pytest.raises(PluginError, match="is registered by Tenure itself and by alpha"):
        text(make_host(alpha=GraphQLParts(query=query(name))))


def test_two_plugins_with_the_same_type_are_rejected() -> None:
    parts = {name: GraphQLParts(query=query(name, leaf("Thing", name))) for name in ("alpha", "beta")}
    with pytest.raises(PluginError, match=r"Type Thing is defined multiple times.* by alpha and by beta"):
        text(make_host(**parts))


@pytest.mark.parametrize("name", ["Account", "PageInfo", "UserError", "AccountFilter"])
def test_a_type_of_the_platform_cannot_be_redefined(name: str) -> None:
    with pytest.raises(PluginError, match=f"Type {name} .* registered by Tenure itself and by alpha"):
        text(make_host(alpha=GraphQLParts(query=query("one", list[leaf(name)]))))  # type: ignore[misc]


def test_a_type_that_strawberry_cannot_build_is_rejected_with_the_name_of_the_plugin() -> None:
    with pytest.raises(PluginError, match=r"The schema cannot be built: .* alpha\."):
        text(make_host(alpha=GraphQLParts(query=query("one", complex))))


def test_a_class_that_is_not_a_strawberry_type_is_rejected() -> None:
    with pytest.raises(PluginError, match="SimpleNamespace is not a Strawberry type"):
        text(make_host(alpha=GraphQLParts(query=SimpleNamespace)))


def test_an_unknown_platform_type_is_rejected() -> None:
    with pytest.raises(PluginError, match="The platform has no type Spaceship"):
        text(make_host(alpha=GraphQLParts(query=query("one", entity_type("Spaceship")))))


def test_platform_types_can_be_referenced() -> None:
    printed = text(
        make_host(
            alpha=GraphQLParts(query=query("one", entity_type("Account") | None)),
            beta=GraphQLParts(query=query("two", platform_type("AccountKind") | None)),
        )
    )
    assert "  one: Account\n" in printed
    assert "  two: AccountKind\n" in printed


def test_types_without_references_are_included() -> None:
    assert "type Lonely {" in text(make_host(alpha=GraphQLParts(types=(leaf("Lonely"),))))


def test_a_part_can_be_merged_into_several_schemas() -> None:
    part = GraphQLParts(query=query("one", entity_type("Account") | None))
    assert text(make_host(alpha=part)) == text(make_host(alpha=part))


def with_entity(name: str) -> SimpleNamespace:
    """Return a plugin with an entity of this name."""
    body = {
        "__doc__": "A thing.",
        "__module__": f"generated_{uuid.uuid4().hex}",
        "metadata": MetaData(),
        "__annotations__": {"note": Mapped[str]},
    }
    entity = type(Entity)(name, (Entity,), body)
    return plugin("fleet", register_entities=hookimpl(lambda: [entity]))


def with_root_field(kind: str, name: str) -> SimpleNamespace:
    """Return a plugin with a root field of this name."""

    async def resolve(self: object) -> int:
        """Return 1."""
        return 1

    root = strawberry.type(type("Root", (), {name: strawberry.field(resolve)}))
    parts = GraphQLParts(**{kind: root})
    return plugin("tolls", register_graphql=hookimpl(lambda: parts))


def error_of(*plugins: object) -> str:
    """Return the message of the error with which the schema of some plugins is rejected."""
    host = load_host(Settings(), plugins)
    with pytest.raises(PluginError) as error:
        build_schema(host.catalog, PluginParts.of(host))
    return str(error.value)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Query",
            "Mutation",
            "Node",
            "PageInfo",
            "Snapshot",
            "UserError",
            "WriteStatus",
            "AccountConnection",
        ),
        *(
            "AccountFilter",
            "StringFilter",
            "AddressInput",
            "AccountCreateInput",
            "RecordOperation",
            "BatchOperation",
        ),
    ],
)
def test_an_entity_cannot_redefine_a_type_of_the_platform(name: str) -> None:
    message = error_of(with_entity(name))
    assert f"The type {name} is registered by Tenure itself and, for the entity {name}, by fleet." in message
    assert "Rename the entity" in message


@pytest.mark.parametrize(
    ("kind", "name", "owner"),
    [
        ("query", "vans", "fleet"),
        ("query", "van", "fleet"),
        ("mutation", "van_create", "fleet"),
        ("query", "accounts", "Tenure itself"),
        ("mutation", "plugin_enable", "Tenure itself"),
    ],
)
def test_a_root_field_cannot_redefine_another(kind: str, name: str, owner: str) -> None:
    message = error_of(with_entity("Van"), with_root_field(kind, name))
    first, *rest = name.split("_")
    assert f"The {kind} {first}{''.join(rest).title()} is registered by {owner} and by tolls." in message
    assert "Rename it in tolls" in message


class Paint(StrEnum):
    """A color."""

    RED = "RED"


class TollGateEvent(Entity):
    """An event with an enum."""

    metadata = MetaData()
    paint: Mapped[Paint]


def with_type(type_: object, name: str = "tolls") -> SimpleNamespace:
    """Return a plugin with a root field of this type."""

    async def resolve(self: object) -> None:
        """Return None."""

    field = strawberry.field(resolve, graphql_type=type_)
    root = strawberry.type(type("Root", (), {name: field, "__annotations__": {}}))
    return plugin(name, register_graphql=hookimpl(lambda: GraphQLParts(query=root)))


def make_type(name: str) -> Any:  # used as a type
    return strawberry.type(type(name, (), {"__annotations__": {"x": int}}))


@pytest.mark.parametrize("name", ["Van", "VanFilter", "VanCreatePayload"])
def test_a_type_cannot_redefine_a_type_that_is_generated_for_an_entity(name: str) -> None:
    message = error_of(with_entity("Van"), with_type(make_type(name)))
    assert (
        f"Type {name} is defined multiple times in the schema: it is registered by fleet and by tolls"
        in message
    )


def test_a_type_cannot_redefine_an_enum_of_an_entity() -> None:
    gates = plugin("gates", register_entities=hookimpl(lambda: [TollGateEvent]))
    paint = strawberry.enum(Enum("Paint", ["BLUE"]))
    message = error_of(gates, with_type(paint))
    assert (
        "Type Paint is defined multiple times in the schema: it is registered by gates and by tolls"
        in message
    )


def test_two_unions_of_the_same_name_are_rejected() -> None:
    def ways(name: str) -> SimpleNamespace:
        union = Union[make_type(f"{name}Road"), make_type(f"{name}Rail")]  # noqa: UP007  # built at runtime
        return with_type(Annotated[union, strawberry.union("Ways")], name)

    message = error_of(ways("tolls"), ways("bridges"))
    assert (
        "Type Ways is defined multiple times in the schema: it is registered by bridges and by tolls"
        in message
    )
