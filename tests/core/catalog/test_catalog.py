"""The catalog: every entity, field and relation under its name in the API."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import MetaData
from sqlalchemy.orm import Mapped

from tenure_core.catalog.builder import build_catalog
from tenure_core.catalog.catalog import Catalog, CompositeField, ScalarField, ToMany, ToOne
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
    """An entity whose list would take the name of another one's."""

    metadata = MetaData()

    account: Mapped[Account] = belongs_to(back="contacts")


def test_fields_have_the_names_and_sorts_of_the_api(catalog: Catalog) -> None:
    account = catalog["Account"]
    assert isinstance(account.fields["lifecycleStage"], ScalarField)
    assert isinstance(account.fields["annualRevenue"], CompositeField)
    assert isinstance(account.fields["parent"], ToOne)
    assert isinstance(account.fields["contacts"], ToMany)


def test_a_reference_and_the_list_that_points_back_are_one_column(catalog: Catalog) -> None:
    reference, back = catalog["Contact"].fields["account"], catalog["Account"].fields["contacts"]
    assert isinstance(reference, ToOne)
    assert isinstance(back, ToMany)
    assert reference.column is back.column


def test_entities_are_found_by_the_names_of_their_root_fields(catalog: Catalog) -> None:
    assert catalog.by_singular["activity"] is catalog.by_plural["activities"] is catalog["Activity"]


def test_the_order_of_lists_is_known(catalog: Catalog) -> None:
    activity, account = catalog["Activity"], catalog["Account"]
    assert (activity.order, activity.descending) == ("occurredAt", True)
    assert (account.order, account.descending) == ("id", False)


def test_parts_that_money_cannot_be_without_are_known(catalog: Catalog) -> None:
    revenue, address = catalog["Account"].fields["annualRevenue"], catalog["Account"].fields["address"]
    assert isinstance(revenue, CompositeField)
    assert isinstance(address, CompositeField)
    assert revenue.required_parts == {"minorUnits", "currency"}
    assert address.required_parts == frozenset()


def test_personal_data_is_known_also_where_it_has_parts(catalog: Catalog) -> None:
    personal = {
        name: [field.name for field in entity.personal_fields] for name, entity in catalog.entities.items()
    }
    assert personal == {
        "Account": ["name", "phone", "email", "owner", "address"],
        "Contact": ["firstName", "lastName", "email", "phone", "title", "birthday"],
        "Activity": ["body"],
    }


def test_a_further_entity_joins_those_of_the_core() -> None:
    found = build_catalog((*CORE_ENTITIES, Ticket), {"ActivityKind": ("CALL",), "Topic": ("BUG", "IDEA")})
    topic = found["Ticket"].fields["topic"]
    assert isinstance(topic, ScalarField)
    assert topic.scalar_type.values == ("BUG", "IDEA")
    assert isinstance(found["Account"].fields["tickets"], ToMany)


def test_a_list_of_choices_that_nobody_fills_stops_the_start() -> None:
    with pytest.raises(DeclarationError, match=r"ticket\.topic takes its values from Topic"):
        build_catalog((*CORE_ENTITIES, Ticket))


def test_a_reference_to_an_entity_that_is_not_there_stops_the_start() -> None:
    with pytest.raises(DeclarationError, match=r"Ticket\.account refers to Account"):
        build_catalog((Ticket,), {"Topic": ("BUG",)})


def test_two_fields_of_one_name_stop_the_start() -> None:
    with pytest.raises(DeclarationError, match=r"Account\.contacts is declared twice"):
        build_catalog((*CORE_ENTITIES, Clash))


@pytest.mark.parametrize("name", sorted(RESERVED_FIELD_NAMES))
def test_no_field_has_a_name_that_means_something_else_beside_it(name: str, monkeypatch) -> None:
    [first, *others] = [one for one in Account.__fields__ if isinstance(one, ColumnDeclaration)]
    monkeypatch.setattr(Account, "__fields__", (replace(first, name=name), *others))
    with pytest.raises(DeclarationError, match=name):
        build_catalog([Account])
