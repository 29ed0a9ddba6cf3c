"""Names that are taken: whoever brings a type or a root field a second time is told who has it."""

from __future__ import annotations

import uuid
from enum import Enum, StrEnum
from types import SimpleNamespace
from typing import Annotated, Any, Union

import pytest
import strawberry
from sqlalchemy import MetaData
from sqlalchemy.orm import Mapped
from tests.support.plugin_factory import plugin

from tenure_core.entities.declaration import Entity
from tenure_core.errors import PluginError
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.host import load_host
from tenure_core.plugins.registrations import GraphQLParts
from tenure_core.settings import Settings
from tenure_schema.plugins.schema_parts import PluginParts
from tenure_schema.schema import build_schema


def with_entity(name: str) -> SimpleNamespace:
    """A plugin that brings an entity of a name."""
    body = {
        "__doc__": "A thing.",
        "__module__": f"made_up_{uuid.uuid4().hex}",
        "metadata": MetaData(),
        "__annotations__": {"note": Mapped[str]},
    }
    entity = type(Entity)(name, (Entity,), body)
    return plugin("fleet", register_entities=hookimpl(lambda: [entity]))


def with_root_field(kind: str, name: str) -> SimpleNamespace:
    """A plugin that brings a root field of a name."""

    async def resolve(self: object) -> int:
        """Answer."""
        return 1

    root = strawberry.type(type("Root", (), {name: strawberry.field(resolve)}))
    parts = GraphQLParts(**{kind: root})
    return plugin("tolls", register_graphql=hookimpl(lambda: parts))


def fault_of(*plugins: object) -> str:
    host = load_host(Settings(), plugins)
    with pytest.raises(PluginError) as caught:
        build_schema(host.catalog, PluginParts.of(host))
    return str(caught.value)


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
def test_an_entity_takes_no_type_of_the_platform(name: str) -> None:
    said = fault_of(with_entity(name))
    assert f"The type {name} is brought by Tenure itself and, with the entity {name}, by fleet." in said
    assert "Rename the entity" in said


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
def test_a_root_field_takes_no_name_that_another_has(kind: str, name: str, owner: str) -> None:
    said = fault_of(with_entity("Van"), with_root_field(kind, name))
    first, *rest = name.split("_")
    assert f"The {kind} {first}{''.join(rest).title()} is brought by {owner} and by tolls." in said
    assert "Rename it in tolls" in said


class Paint(StrEnum):
    """A colour."""

    RED = "RED"


class TollGateEvent(Entity):
    """Something that has an enum of its own."""

    metadata = MetaData()
    paint: Mapped[Paint]


def with_type(type_: object, name: str = "tolls") -> SimpleNamespace:
    """A plugin with a root field of a type of its own."""

    async def resolve(self: object) -> None:
        """Answer."""

    field = strawberry.field(resolve, graphql_type=type_)
    root = strawberry.type(type("Root", (), {name: field, "__annotations__": {}}))
    return plugin(name, register_graphql=hookimpl(lambda: GraphQLParts(query=root)))


def type_called(name: str) -> Any:  # it stands in types
    return strawberry.type(type(name, (), {"__annotations__": {"x": int}}))


@pytest.mark.parametrize("name", ["Van", "VanFilter", "VanCreatePayload"])
def test_a_type_takes_no_name_that_follows_from_another_plugins_entity(name: str) -> None:
    said = fault_of(with_entity("Van"), with_type(type_called(name)))
    assert f"Type {name} is defined multiple times in the schema: it is brought by fleet and by tolls" in said


def test_nor_that_of_an_enum_that_another_plugins_entity_declares() -> None:
    gates = plugin("gates", register_entities=hookimpl(lambda: [TollGateEvent]))
    paint = strawberry.enum(Enum("Paint", ["BLUE"]))
    said = fault_of(gates, with_type(paint))
    assert "Type Paint is defined multiple times in the schema: it is brought by gates and by tolls" in said


def test_two_unions_of_one_name_are_told_with_both_plugins() -> None:
    def ways(name: str) -> SimpleNamespace:
        union = Union[type_called(f"{name}Road"), type_called(f"{name}Rail")]  # noqa: UP007  # of values
        return with_type(Annotated[union, strawberry.union("Ways")], name)

    said = fault_of(ways("tolls"), ways("bridges"))
    assert "Type Ways is defined multiple times in the schema: it is brought by bridges and by tolls" in said
