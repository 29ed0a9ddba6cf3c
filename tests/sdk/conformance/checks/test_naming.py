"""Names that violate a rule and missing descriptions are reported."""

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


def render_findings(more: str, own: tuple[str, ...] = ()) -> list[str]:
    in_query, _, other_types = more.partition("---")
    whole = BASE.replace("}", f"{in_query} }}") + other_types
    findings = check_names(AddedSchema(BASE, whole, {"Query": frozenset(own), "Mutation": frozenset(own)}))
    return [f"{finding.where}: {finding.message}" for finding in findings]


@pytest.mark.parametrize(
    "valid",
    [
        '"The cars." cars("How many." first: Int): Int',
        '---"Changes." type Mutation { "Sells a car." carSell: Int }',
        '---"A car." type Car { "Its heating\'s set point." setPoint: Int "Who has it." lentTo: ID }',
        '---"What it burns." enum Fuel { DIESEL PREMIUM_95 }',
        '"The checklists." checkLists: Int',
    ],
)
def test_valid_names_pass(valid: str) -> None:
    assert render_findings(valid, ("cars", "carSell")) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("cars: Int", "Query.cars: The description is missing."),
        ('"Cars." cars(first: Int): Int', "Query.cars(first): The description is missing."),
        ('"Cars." all_cars: Int', "Query.all_cars: The name is not in camelCase."),
        ('"Cars." getCars: Int', "Query.getCars: The name begins with the verb `get`."),
        ('"Cars." listCars: Int', "Query.listCars: The name begins with the verb `list`."),
        (
            '---"Changes." type Mutation { "Adds." addCar: Int }',
            "Mutation.addCar: The name begins with the verb `add`.",
        ),
        (
            '---"A car." type Car { "How many." seatQty: Int }',
            "Car.seatQty: The name contains the abbreviation `Qty`.",
        ),
        (
            '---"A car." type Car { "How far." calculateRange: Int }',
            "Car.calculateRange: The name begins with the verb `calculate`.",
        ),
        ('---"Car" type Car { "How far." range: Int }', "Car: The description is missing."),
        ('---"A car." type car { "How far." range: Int }', "car: The name is not in PascalCase."),
        ('---"What it burns." enum Fuel { diesel }', "Fuel.diesel: The name is not in UPPER_CASE."),
    ],
)
def test_violations_are_reported(more: str, expected: str) -> None:
    assert render_findings(more, ("cars", "getCars", "listCars", "addCar")) == [expected]


def test_a_name_in_several_places_is_reported_once() -> None:
    car = '"A car." type Car { "How many." seatQty: Int }'
    more = f'---{car} "Which cars." input CarFilter {{ "On this." seatQty: Int }}'
    assert render_findings(more) == ["Car.seatQty: The name contains the abbreviation `Qty`."]
