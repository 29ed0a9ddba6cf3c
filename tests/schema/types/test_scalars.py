"""The custom scalars of the schema."""

from __future__ import annotations

import pytest
from graphql import GraphQLScalarType, GraphQLSchema

from tenure_core.entities import scalar_types
from tenure_core.entities.scalar_types import ScalarType
from tenure_schema.types.scalars import PYTHON

SCALAR_TYPES = [value for value in vars(scalar_types).values() if isinstance(value, ScalarType)]


@pytest.mark.parametrize("scalar_type", SCALAR_TYPES, ids=lambda scalar_type: scalar_type.name)
def test_every_scalar_type_has_a_python_type(scalar_type: ScalarType) -> None:
    assert scalar_type in PYTHON


@pytest.mark.parametrize("name", ["BigInt", "Date", "DateTime", "JSON"])
def test_values_pass_through_unchanged(schema: GraphQLSchema, name: str) -> None:
    scalar = schema.type_map[name]
    assert isinstance(scalar, GraphQLScalarType)
    value = object()
    assert scalar.coerce_input_value(value) is value
    assert scalar.coerce_output_value(value) is value
