"""Root fields: each name is created once and has one meaning."""

from __future__ import annotations

import pytest
from tests.generated_queries.queries import SCHEMA

from tenure_core.catalog.catalog import Catalog
from tenure_core.catalog.root_fields import RootField, RootFieldKind, RootFields, aggregate_name


@pytest.mark.parametrize(
    ("name", "kind", "entity"),
    [
        ("account", RootFieldKind.RECORD, "Account"),
        ("accountByExternalRef", RootFieldKind.RECORD_BY_EXTERNAL_REF, "Account"),
        ("activities", RootFieldKind.CONNECTION, "Activity"),
        ("activitiesAggregate", RootFieldKind.AGGREGATE, "Activity"),
        ("contactUpsert", RootFieldKind.UPSERT, "Contact"),
        ("contactsBulkUpsert", RootFieldKind.BULK_UPSERT, "Contact"),
        ("contactPurge", RootFieldKind.PURGE, "Contact"),
        ("node", RootFieldKind.NODE, ""),
        ("changes", RootFieldKind.CHANGES, ""),
        ("batch", RootFieldKind.BATCH, ""),
    ],
)
def test_a_name_has_a_kind_and_an_entity(
    catalog: Catalog, name: str, kind: RootFieldKind, entity: str
) -> None:
    assert catalog.root_fields[name] == RootField(name, kind, entity)
    assert catalog.root_fields.find(kind, catalog[entity] if entity else None).name == name


def test_an_unknown_name_is_not_a_root_field(catalog: Catalog) -> None:
    assert catalog.root_fields.get("accountAggregate") is None


def test_the_names_are_created_once(catalog: Catalog) -> None:
    assert isinstance(catalog.root_fields, RootFields)
    assert catalog.root_fields is catalog.root_fields


def test_every_root_field_is_in_the_schema(catalog: Catalog) -> None:
    query, mutation = SCHEMA.query_type, SCHEMA.mutation_type
    assert query is not None
    assert mutation is not None
    for root_field in catalog.root_fields:
        assert root_field.name in (mutation if root_field.is_mutation else query).fields


def test_an_aggregate_is_named_after_its_list() -> None:
    assert aggregate_name("contacts") == "contactsAggregate"
