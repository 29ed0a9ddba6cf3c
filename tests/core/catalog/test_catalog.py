"""The catalog contains every entity and field under its name in the API."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import MetaData
from sqlalchemy.orm import Mapped

from tenure_core.catalog.builder import build_catalog
from tenure_core.catalog.catalog import Catalog
from tenure_core.catalog.fields import CompositeField, ScalarField, ToMany, ToOne
from tenure_core.entities.declaration import Entity, belongs_to, column
from tenure_core.entities.fields import RESERVED_FIELD_NAMES, ColumnDeclaration
from tenure_core.entities.model import CORE_ENTITIES, Account
from tenure_core.errors import DeclarationError


class Ticket(Entity):
    """A request for help."""

    metadata = MetaData()

    account: Mapped[Account] = belongs_to(back="tickets")
    topic: Mapped[str | None] = column(enum_name="Topic")


class Clash(Entity):
    """An entity whose list has the name of an existing field."""

    metadata = MetaData()

    account: Mapped[Account] = belongs_to(back="contacts")


def test_fields_have_names_and_classes(catalog: Catalog) -> None:
    account = catalog["Account"]
    assert isinstance(account.fields["lifecycleStage"], ScalarField)
    assert isinstance(account.fields["annualRevenue"], CompositeField)
    assert isinstance(account.fields["parent"], ToOne)
    assert isinstance(account.fields["contacts"], ToMany)


def test_a_reference_and_its_list_use_the_same_column(catalog: Catalog) -> None:
    reference, back = catalog["Contact"].fields["account"], catalog["Account"].fields["contacts"]
    assert isinstance(reference, ToOne)
    assert isinstance(back, ToMany)
    assert reference.column is back.column


def test_an_entity_is_named_in_the_singular_and_in_the_plural(catalog: Catalog) -> None:
    activity = catalog["Activity"]
    assert (activity.singular, activity.plural) == ("activity", "activities")


def test_lists_have_a_default_order(catalog: Catalog) -> None:
    activity, account = catalog["Activity"], catalog["Account"]
    assert (activity.order, activity.descending) == ("occurredAt", True)
    assert (account.order, account.descending) == ("id", False)


def test_required_parts_of_a_composite_are_those_that_are_not_nullable(catalog: Catalog) -> None:
    revenue, address = catalog["Account"].fields["annualRevenue"], catalog["Account"].fields["address"]
    assert isinstance(revenue, CompositeField)
    assert isinstance(address, CompositeField)
    assert revenue.required_parts == {"minorUnits", "currency"}
    assert address.required_parts == frozenset()


def test_personal_fields_include_composites_with_personal_parts(catalog: Catalog) -> None:
    personal = {
        name: [field.name for field in entity.personal_fields] for name, entity in catalog.entities.items()
    }
    assert personal == {
        "Account": ["name", "phone", "email", "owner", "address"],
        "Contact": ["firstName", "lastName", "email", "phone", "title", "birthday"],
        "Activity": ["body"],
    }


def test_an_entity_of_a_plugin_is_added_to_those_of_the_core() -> None:
    catalog = build_catalog((*CORE_ENTITIES, Ticket), {"ActivityKind": ("CALL",), "Topic": ("BUG", "IDEA")})
    topic = catalog["Ticket"].fields["topic"]
    assert isinstance(topic, ScalarField)
    assert topic.scalar_type.values == ("BUG", "IDEA")
    assert isinstance(catalog["Account"].fields["tickets"], ToMany)


def test_an_enum_without_values_is_rejected() -> None:
    with pytest.raises(DeclarationError, match=r"ticket\.topic uses Topic, an enum without values"):
        build_catalog((*CORE_ENTITIES, Ticket))


def test_a_reference_to_a_missing_entity_is_rejected() -> None:
    with pytest.raises(DeclarationError, match=r"Ticket\.account refers to Account"):
        build_catalog((Ticket,), {"Topic": ("BUG",)})


def test_two_fields_with_the_same_name_are_rejected() -> None:
    with pytest.raises(DeclarationError, match=r"Account\.contacts is declared twice"):
        build_catalog((*CORE_ENTITIES, Clash))


@pytest.mark.parametrize("name", sorted(RESERVED_FIELD_NAMES))
def test_a_reserved_field_name_is_rejected(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [first, *others] = [d for d in Account.__fields__ if isinstance(d, ColumnDeclaration)]
    monkeypatch.setattr(Account, "__fields__", (replace(first, name=name), *others))
    with pytest.raises(DeclarationError, match=name):
        build_catalog([Account])
