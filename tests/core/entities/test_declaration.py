"""Declarations: what table and what fields follow from a class, and which classes stop the start."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import pytest
from sqlalchemy import MetaData, Table
from sqlalchemy.orm import Mapped

from tenure_core.entities.declaration import Composite, Entity, Money, belongs_to, column
from tenure_core.entities.fields import (
    SYSTEM_FIELDS,
    ColumnDeclaration,
    CompositeDeclaration,
    ReferenceDeclaration,
    list_columns,
)
from tenure_core.entities.naming import camel_case
from tenure_core.entities.scalar_types import DATE, STRING
from tenure_core.errors import DeclarationError


class Colour(StrEnum):
    RED = "RED"


class Machine(Entity, order_by="-built_on", plural="machinery"):
    """A machine."""

    metadata = MetaData()

    serial_number: Mapped[str] = column(search=True, index=True, max_length=40, doc="What is engraved on it.")
    built_on: Mapped[date | None]
    colour: Mapped[Colour] = column(default=Colour.RED)
    price: Mapped[Money | None]
    part_of: Mapped[Machine | None] = belongs_to(back="parts")


def fields() -> dict[str, ColumnDeclaration | CompositeDeclaration | ReferenceDeclaration]:
    return {field.name: field for field in Machine.__fields__}


def table() -> Table:
    assert isinstance(Machine.__table__, Table)
    return Machine.__table__


def test_a_class_has_its_fields_between_identity_and_times() -> None:
    own = ["serial_number", "built_on", "colour", "price", "part_of"]
    assert list(fields()) == ["id", *own, "version", "created_at", "updated_at", "deleted_at"]


def test_an_annotation_says_the_kind_and_whether_it_may_be_empty() -> None:
    built_on, serial_number = fields()["built_on"], fields()["serial_number"]
    assert isinstance(built_on, ColumnDeclaration)
    assert isinstance(serial_number, ColumnDeclaration)
    assert (built_on.scalar_type, built_on.nullable) == (DATE, True)
    assert (serial_number.scalar_type, serial_number.nullable) == (STRING, False)
    assert serial_number.constraints.max_length == 40


def test_a_field_without_words_is_described_by_its_name() -> None:
    assert fields()["built_on"].doc == "The built on."
    assert fields()["serial_number"].doc == "What is engraved on it."


def test_a_composite_has_a_column_for_each_part() -> None:
    names = [one.column for one in list_columns(Machine.__fields__)]
    assert names[4:7] == ["price_minor_units", "price_currency", "part_of_id"]


def test_what_may_be_empty_makes_its_parts_nullable() -> None:
    price = fields()["price"]
    assert isinstance(price, CompositeDeclaration)
    assert all(part.nullable for part in price.parts)


def test_every_key_begins_with_the_tenant() -> None:
    assert [one.name for one in table().primary_key] == ["tenant_id", "id"]
    [reference] = table().foreign_key_constraints
    assert reference.column_keys == ["tenant_id", "part_of_id"]
    indexes = [list(index.columns.keys()) for index in table().indexes]
    assert all(names[0] == "tenant_id" for names in indexes if names != ["search"])


def test_a_reference_is_indexed_in_the_order_of_its_lists() -> None:
    assert ["tenant_id", "part_of_id", "built_on", "id"] in [list(i.columns.keys()) for i in table().indexes]


def test_names_follow_from_the_class_and_its_arguments() -> None:
    assert (table().name, Machine.__plural__, Machine.__order__) == ("machine", "machinery", "-built_on")


def test_a_type_that_no_column_holds_stops_the_start() -> None:
    with pytest.raises(DeclarationError, match=r"Bad\.data is declared|no column can hold"):

        class Bad(Entity):
            data: Mapped[bytes]


def test_a_default_in_place_of_a_word_stops_the_start() -> None:
    with pytest.raises(DeclarationError, match=r"Use column\(\) or belongs_to\(\)"):

        class AlsoBad(Entity):
            name: Mapped[str] = "x"  # type: ignore[assignment]  # the fault that is tested


def test_a_composite_inside_of_a_composite_stops_the_start() -> None:
    with pytest.raises(DeclarationError, match="no plain column"):

        class Nested(Composite):
            price: Mapped[Money]


def test_what_every_record_has_is_known_by_name() -> None:
    given = {
        camel_case(name)
        for name, one in fields().items()
        if isinstance(one, ColumnDeclaration) and not one.writable
    }
    assert given == SYSTEM_FIELDS


def test_what_a_value_has_is_kept_with_it() -> None:
    class Kept(Entity):
        metadata = MetaData()

        worth: Mapped[Money | None] = column(writable=False)

    [worth] = [one for one in Kept.__fields__ if isinstance(one, CompositeDeclaration)]
    assert [part.writable for part in worth.parts] == [False, False]


def test_a_field_that_nobody_can_fill_stops_the_start() -> None:
    with pytest.raises(
        DeclarationError, match=r"Bad\.number must not be empty, and clients .* can't fill it"
    ):

        class Bad(Entity):
            number: Mapped[int] = column(writable=False)


def test_a_part_that_clients_do_not_write_stops_the_start() -> None:
    with pytest.raises(DeclarationError, match="a part that clients do not write"):

        class Bad(Composite):
            note: Mapped[str | None] = column(writable=False)
