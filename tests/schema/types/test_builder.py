"""Types can be referenced before they are defined, and names are unique."""

from __future__ import annotations

import pytest
import strawberry
from graphql import GraphQLEnumType, print_schema

from tenure_schema.schema import graphql_schema
from tenure_schema.types.builder import (
    Argument,
    DuplicateTypeError,
    TypeRegistry,
    input_field,
    list_of,
    output_field,
)


def build(types: TypeRegistry) -> strawberry.Schema:
    """Return a schema whose query type is the type `Query` of a registry."""
    return strawberry.Schema(types["Query"])


def test_a_type_can_be_referenced_before_it_is_defined() -> None:
    types = TypeRegistry()
    types.object("Query", "Queries.", [output_field("cars", list_of(types["Car"]), "Cars.")])
    assert not types.is_defined("Car")
    types.object("Car", "A car.", [output_field("doors", int | None, "Number of doors.")])
    assert types.is_defined("Car")
    printed = print_schema(graphql_schema(build(types)))
    assert "  cars: [Car!]!" in printed
    assert '  """Number of doors."""\n  doors: Int' in printed


def test_arguments_and_input_fields_can_have_names_that_are_python_keywords() -> None:
    types = TypeRegistry()
    types.input("IntFilter", "A filter.", [input_field("in", list[int], "Equal to one of these.")])
    arguments = [Argument("from", types["IntFilter"] | None, "Start.")]
    types.object("Query", "Queries.", [output_field("cars", int, "Cars.", arguments)])
    printed = print_schema(graphql_schema(build(types)))
    assert "    from: IntFilter\n" in printed
    assert "  in: [Int!]\n" in printed


@pytest.mark.parametrize("required", [True, False])
def test_an_input_field_is_nullable_unless_it_is_required(required: bool) -> None:
    types = TypeRegistry()
    types.input("Car", "A car.", [input_field("doors", int, "Number of doors.", required=required)])
    arguments = [Argument("car", types["Car"], "The car.")]
    types.object("Query", "Queries.", [output_field("cars", int, "Cars.", arguments)])
    assert ("doors: Int!" in print_schema(graphql_schema(build(types)))) is required


def test_a_one_of_input_accepts_exactly_one_field() -> None:
    types = TypeRegistry()
    keys = [input_field("id", int, "Id."), input_field("plate", str, "Plate.")]
    types.input("CarKey", "The key of a car.", keys, one_of=True)
    arguments = [Argument("key", types["CarKey"], "The key.")]
    types.object("Query", "Queries.", [output_field("car", int | None, "A car.", arguments)])
    assert "input CarKey @oneOf {" in build(types).as_str()


def test_enum_values_can_have_descriptions() -> None:
    types = TypeRegistry()
    color = types.enum("Color", "A color.", {"RED": "Red.", "BLUE": "Blue."})
    types.object("Query", "Queries.", [output_field("color", color, "Color.")])
    enum = graphql_schema(build(types)).type_map["Color"]
    assert isinstance(enum, GraphQLEnumType)
    assert {name: value.description for name, value in enum.values.items()} == {
        "RED": "Red.",
        "BLUE": "Blue.",
    }
    assert types.enum("Color", "A color.", ["GREEN"]) is color


def test_two_types_of_the_same_name_are_rejected() -> None:
    types = TypeRegistry()
    types.implement("Node", ["Account"])
    types.object("Node", "A record.", [], is_interface=True)
    types.object("Account", "An account.", [])
    types.object("Money", "An amount.", [])
    for define in (
        lambda: types.object("Money", "An amount.", []),
        lambda: types.input("Money", "An amount.", []),
        lambda: types.enum("Money", "An amount.", ["A"]),
        lambda: types.input("Account", "An account.", []),
        lambda: types.is_defined("Account"),
        lambda: TypeRegistry().implement("Node", ["Node"]),
    ):
        with pytest.raises(DuplicateTypeError):
            define()
