"""References to platform types are resolved by name once the schema is built."""

from __future__ import annotations

import pytest

from tenure_core.catalog.catalog import Catalog
from tenure_core.entities.model import Account
from tenure_core.errors import PluginError
from tenure_schema.plugins.type_references import entity_type, platform_type
from tenure_schema.schema import build_schema


@pytest.mark.parametrize("reference", [entity_type(Account), entity_type("Account")])
def test_an_entity_can_be_referenced_by_class_or_name(catalog: Catalog, reference: object) -> None:
    build_schema(catalog)
    assert reference.resolve_type().__name__ == "Account"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["Money", "UserError", "AccountKind"])
def test_shared_types_and_enums_can_be_referenced(catalog: Catalog, name: str) -> None:
    build_schema(catalog)
    assert platform_type(name).resolve_type().__name__ == name


def test_an_unknown_type_is_rejected(catalog: Catalog) -> None:
    build_schema(catalog)
    with pytest.raises(PluginError, match="The platform has no type Spaceship"):
        entity_type("Spaceship").resolve_type()
