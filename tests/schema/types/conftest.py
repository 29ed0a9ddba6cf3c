"""The schema of the core entities."""

from __future__ import annotations

import pytest
from graphql import GraphQLSchema

from tenure_core.catalog.catalog import Catalog
from tenure_schema.schema import build_schema, graphql_schema


@pytest.fixture(scope="module")
def schema(catalog: Catalog) -> GraphQLSchema:
    return graphql_schema(build_schema(catalog))
