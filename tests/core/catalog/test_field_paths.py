"""Lists can be sorted and grouped by the fields of a record and of the records to which it refers."""

from __future__ import annotations

import pytest
from sqlalchemy import MetaData
from sqlalchemy.orm import Mapped

from tenure_core.catalog.builder import build_catalog
from tenure_core.catalog.catalog import Catalog
from tenure_core.catalog.field_paths import group_paths, sort_paths
from tenure_core.entities.declaration import Entity, belongs_to
from tenure_core.entities.model import CORE_ENTITIES, Account
from tenure_core.errors import DeclarationError


class Visit(Entity):
    """An entity with a field whose path has the same enum name as a field of its account."""

    metadata = MetaData()

    account: Mapped[Account] = belongs_to(back="visits")
    account_name: Mapped[str]


def test_there_are_paths_to_fields_parts_of_composites_and_fields_of_references(catalog: Catalog) -> None:
    paths = sort_paths(catalog["Activity"], catalog)
    assert paths["OCCURRED_AT"].names == ("occurredAt",)
    assert paths["VALUE_MINOR_UNITS"].names == ("value", "minorUnits")
    assert paths["ACCOUNT_ADDRESS_COUNTRY"].names == ("account", "address", "country")


def test_there_is_no_path_through_two_references_or_to_a_list(catalog: Catalog) -> None:
    assert not {"CONTACT_ACCOUNT_NAME", "ATTRIBUTES", "ACCOUNT_TAGS"} & set(
        sort_paths(catalog["Activity"], catalog)
    )


def test_a_path_has_an_enum_name_and_a_field_name(catalog: Catalog) -> None:
    path = sort_paths(catalog["Activity"], catalog)["ACCOUNT_ADDRESS_COUNTRY"]
    assert (path.enum_name, path.name) == ("ACCOUNT_ADDRESS_COUNTRY", "accountAddressCountry")


def test_a_path_through_a_reference_is_nullable(catalog: Catalog) -> None:
    paths = sort_paths(catalog["Activity"], catalog)
    assert not paths["KIND"].nullable
    assert paths["ACCOUNT_NAME"].nullable


def test_groups_can_also_be_by_referenced_records(catalog: Catalog) -> None:
    activity = catalog["Activity"]
    assert set(group_paths(activity, catalog)) - set(sort_paths(activity, catalog)) == {"ACCOUNT", "CONTACT"}


def test_two_paths_with_the_same_enum_name_are_rejected() -> None:
    catalog = build_catalog((*CORE_ENTITIES, Visit))
    with pytest.raises(DeclarationError, match="ACCOUNT_NAME is ambiguous"):
        sort_paths(catalog["Visit"], catalog)
