"""Entity declarations: tables and fields of a class, and the errors of invalid classes."""

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
from tenure_core.entities.model import Address
from tenure_core.entities.naming import camel_case
from tenure_core.entities.scalar_types import DATE, STRING
from tenure_core.errors import DeclarationError


class Colour(StrEnum):
    RED = "RED"


class Machine(Entity, order_by="-built_on", plural="machinery"):
    """A machine."""

    metadata = MetaData()

    serial_number: Mapped[str] = column(
        search=True, index=True, max_length=40, doc="Serial number on the nameplate."
    )
    built_on: Mapped[date | None]
    colour: Mapped[Colour] = column(default=Colour.RED)
    price: Mapped[Money | None]
    part_of: Mapped[Machine | None] = belongs_to(back="parts")


def fields() -> dict[str, ColumnDeclaration | CompositeDeclaration | ReferenceDeclaration]:
    return {field.name: field for field in Machine.__fields__}


def table() -> Table:
    assert isinstance(Machine.__table__, Table)
    return Machine.__table__


def test_a_class_has_its_fields_between_the_id_and_the_other_system_fields() -> None:
    own = ["serial_number", "built_on", "colour", "price", "part_of"]
    assert list(fields()) == ["id", *own, "version", "created_at", "updated_at", "deleted_at"]


def test_an_annotation_defines_the_scalar_type_and_nullability() -> None:
    built_on, serial_number = fields()["built_on"], fields()["serial_number"]
    assert isinstance(built_on, ColumnDeclaration)
    assert isinstance(serial_number, ColumnDeclaration)
    assert (built_on.scalar_type, built_on.nullable) == (DATE, True)
    assert (serial_number.scalar_type, serial_number.nullable) == (STRING, False)
    assert serial_number.constraints.max_length == 40


def test_the_default_description_is_the_name() -> None:
    assert fields()["built_on"].doc == "The built on."
    assert fields()["serial_number"].doc == "Serial number on the nameplate."


def test_a_composite_has_a_column_for_each_part() -> None:
    names = [column.column for column in list_columns(Machine.__fields__)]
    assert names[4:7] == ["price_minor_units", "price_currency", "part_of_id"]


def test_the_parts_of_a_nullable_composite_are_nullable() -> None:
    price = fields()["price"]
    assert isinstance(price, CompositeDeclaration)
    assert all(part.nullable for part in price.parts)


def test_the_first_column_of_every_key_is_the_tenant() -> None:
    assert [column.name for column in table().primary_key] == ["tenant_id", "id"]
    [reference] = table().foreign_key_constraints
    assert reference.column_keys == ["tenant_id", "part_of_id"]
    indexes = [list(index.columns.keys()) for index in table().indexes]
    assert all(names[0] == "tenant_id" for names in indexes if names != ["search"])


def test_the_index_of_a_reference_contains_the_default_sort_field() -> None:
    assert ["tenant_id", "part_of_id", "built_on", "id"] in [list(i.columns.keys()) for i in table().indexes]


def test_the_class_and_its_arguments_define_the_names() -> None:
    assert (table().name, Machine.__plural__, Machine.__order__) == ("machine", "machinery", "-built_on")


def test_an_unsupported_type_is_rejected() -> None:
    with pytest.raises(DeclarationError, match=r"Bad\.data has the unsupported type"):

        class Bad(Entity):
            data: Mapped[bytes]


def test_a_plain_value_is_rejected() -> None:
    with pytest.raises(DeclarationError, match=r"with column\(\) or belongs_to\(\)"):

        class AlsoBad(Entity):
            name: Mapped[str] = "x"  # type: ignore[assignment]  # the fault that is tested


def test_a_composite_in_a_composite_is_rejected() -> None:
    with pytest.raises(DeclarationError, match="a part that is a reference or a composite"):

        class Nested(Composite):
            price: Mapped[Money]


def test_the_system_fields_are_the_fields_that_clients_cannot_write() -> None:
    names = {
        camel_case(name)
        for name, field in fields().items()
        if isinstance(field, ColumnDeclaration) and not field.writable
    }
    assert names == SYSTEM_FIELDS


def test_the_parts_of_a_read_only_composite_are_read_only() -> None:
    class Machinery(Entity):
        metadata = MetaData()

        worth: Mapped[Money | None] = column(writable=False)

    [worth] = [field for field in Machinery.__fields__ if isinstance(field, CompositeDeclaration)]
    assert [part.writable for part in worth.parts] == [False, False]


def test_a_required_read_only_field_is_rejected() -> None:
    with pytest.raises(DeclarationError, match=r"Bad\.number is required, but clients cannot write it"):

        class Bad(Entity):
            number: Mapped[int] = column(writable=False)


@pytest.mark.parametrize("option", ["unique=True", "writable=False"])
def test_an_option_for_whole_fields_is_rejected_for_a_part(option: str) -> None:
    name, value = option.split("=")
    with pytest.raises(DeclarationError, match=rf"Bad\.note is declared with {option}"):

        class Bad(Composite):
            note: Mapped[str | None] = column(**{name: value == "True"})  # type: ignore[arg-type]  # two options


def test_a_composite_states_whether_it_is_an_amount() -> None:
    class Price(Composite, is_amount=True):
        minor_units: Mapped[int]
        currency: Mapped[str]

    assert [composite.__is_amount__ for composite in (Money, Price, Address)] == [True, True, False]


def test_two_classes_with_one_table_are_rejected() -> None:
    with pytest.raises(
        DeclarationError, match=r"The table account belongs to two classes: .*model\.Account and"
    ):
        type("Account", (Entity,), {"__annotations__": {}, "__doc__": "Another."})
