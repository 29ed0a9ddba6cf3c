"""Naming: each rule of names finds what breaks it, and lets pass what is well named."""

from __future__ import annotations

import pytest

from tenure_sdk.conformance.checks.naming import check_names
from tenure_sdk.conformance.fixtures.added_schema import AddedSchema

BASE = '''
"""Questions."""
type Query {
  """The accounts."""
  accounts: Int
}
'''


def names(more: str, own: tuple[str, ...] = ()) -> list[str]:
    in_query, _, beside = more.partition("---")
    whole = BASE.replace("}", f"{in_query} }}") + beside
    found = check_names(AddedSchema(BASE, whole, {"Query": frozenset(own), "Mutation": frozenset(own)}))
    return [f"{one.where}: {one.what}" for one in found]


@pytest.mark.parametrize(
    "sound",
    [
        '"The cars." cars("How many." first: Int): Int',
        '---"Changes." type Mutation { "Sells a car." carSell: Int }',
        '---"A car." type Car { "Its heating\'s set point." setPoint: Int "Who has it." lentTo: ID }',
        '---"What it burns." enum Fuel { DIESEL PREMIUM_95 }',
        '"The checklists." checkLists: Int',
    ],
)
def test_what_is_well_named_passes(sound: str) -> None:
    assert names(sound, ("cars", "carSell")) == []


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ("cars: Int", "Query.cars: It has no description."),
        ('"Cars." cars(first: Int): Int', "Query.cars(first): It has no description."),
        ('"Cars." all_cars: Int', "Query.all_cars: The name is not in camelCase."),
        ('"Cars." getCars: Int', "Query.getCars: The name begins with the verb `get`."),
        ('"Cars." listCars: Int', "Query.listCars: The name begins with the verb `list`."),
        (
            '---"Changes." type Mutation { "Adds." addCar: Int }',
            "Mutation.addCar: The name begins with the verb `add`.",
        ),
        ('---"A car." type Car { "How many." seatQty: Int }', "Car.seatQty: The name is cut short at `Qty`."),
        (
            '---"A car." type Car { "How far." calculateRange: Int }',
            "Car.calculateRange: The name begins with the verb `calculate`.",
        ),
        ('---"Car" type Car { "How far." range: Int }', "Car: It has no description."),
        ('---"A car." type car { "How far." range: Int }', "car: The name is not in PascalCase."),
        ('---"What it burns." enum Fuel { diesel }', "Fuel.diesel: The name is not in UPPER_CASE."),
    ],
)
def test_each_rule_finds_what_breaks_it(more: str, wanted: str) -> None:
    assert names(more, ("cars", "getCars", "listCars", "addCar")) == [wanted]


def test_a_name_in_several_places_is_told_of_once() -> None:
    car = '"A car." type Car { "How many." seatQty: Int }'
    more = f'---{car} "Which cars." input CarFilter {{ "On this." seatQty: Int }}'
    assert names(more) == ["Car.seatQty: The name is cut short at `Qty`."]
