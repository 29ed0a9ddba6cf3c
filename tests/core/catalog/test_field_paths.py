"""Paths: what lists can be ordered and grouped by."""

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
    """An entity with a field that is named as one of its account's."""

    metadata = MetaData()

    account: Mapped[Account] = belongs_to(back="visits")
    account_name: Mapped[str]


def test_own_fields_parts_and_those_one_reference_away_are_paths(catalog: Catalog) -> None:
    found = sort_paths(catalog["Activity"], catalog)
    assert found["OCCURRED_AT"].names == ("occurredAt",)
    assert found["VALUE_MINOR_UNITS"].names == ("value", "minorUnits")
    assert found["ACCOUNT_ADDRESS_COUNTRY"].names == ("account", "address", "country")


def test_nothing_two_references_away_and_no_list_is_a_path(catalog: Catalog) -> None:
    assert not {"CONTACT_ACCOUNT_NAME", "ATTRIBUTES", "ACCOUNT_TAGS"} & set(
        sort_paths(catalog["Activity"], catalog)
    )


def test_a_constant_is_a_name_written_large(catalog: Catalog) -> None:
    path = sort_paths(catalog["Activity"], catalog)["ACCOUNT_ADDRESS_COUNTRY"]
    assert (path.enum_name, path.name) == ("ACCOUNT_ADDRESS_COUNTRY", "accountAddressCountry")


def test_what_a_reference_leads_to_may_always_be_empty(catalog: Catalog) -> None:
    found = sort_paths(catalog["Activity"], catalog)
    assert not found["KIND"].nullable
    assert found["ACCOUNT_NAME"].nullable


def test_groups_can_also_be_the_records_that_references_lead_to(catalog: Catalog) -> None:
    activity = catalog["Activity"]
    assert set(group_paths(activity, catalog)) - set(sort_paths(activity, catalog)) == {"ACCOUNT", "CONTACT"}


def test_two_paths_of_one_constant_stop_the_start() -> None:
    catalog = build_catalog((*CORE_ENTITIES, Visit))
    with pytest.raises(DeclarationError, match="ACCOUNT_NAME"):
        sort_paths(catalog["Visit"], catalog)
