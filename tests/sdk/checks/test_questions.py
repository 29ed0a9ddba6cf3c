"""Questions: made from the schema for all that is the plugin's, and read from what its author has written."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from tenure_sdk.checks.arguments import NoValueError
from tenure_sdk.checks.company import Company, company_of
from tenure_sdk.checks.questions import FILE, Question, mutations_of, questions_of

from .garage import faulty, sound

GARAGE, CAR = UUID(int=1), UUID(int=2)
RECORDS = {"Garage": [GARAGE], "GarageCar": [CAR], "Account": [UUID(int=3)]}


def asked(company: Company) -> dict[str, Question]:
    catalog, loaded = company.alone.catalog, company.loaded
    found = questions_of(loaded, company.additions, catalog) + mutations_of(
        loaded, company.additions, catalog
    )
    return {question.where: question for question in found}


@pytest.fixture(scope="module")
def questions() -> dict[str, Question]:
    return asked(company_of(sound(), []))


def test_all_that_is_the_plugins_is_asked_for(questions: dict[str, Question]) -> None:
    assert questions.keys() == {
        "garage", "garages", "garagesAggregate", "garageCar", "garageCars", "garageCarsAggregate",
        "garagesWithCars", "Account", "garageCarSell",
    }  # fmt: skip


def test_of_records_of_others_only_what_the_plugin_adds_is_asked_for(questions: dict[str, Question]) -> None:
    parts = {part.split()[0] for part in questions["Account"].parts}
    assert parts == {"id", "garages", "garagesAggregate"}
    [account] = [part for part in questions["garages"].parts if part.startswith("account")]
    assert account == "account { id }"


def test_ids_are_those_of_what_a_question_is_about(questions: dict[str, Question]) -> None:
    catalog = company_of(sound(), []).alone.catalog
    assert questions["garage"].values(catalog, RECORDS) == {"id": str(GARAGE)}
    assert questions["garageCarSell"].values(catalog, RECORDS) == {"id": str(CAR)}
    with pytest.raises(NoValueError):
        questions["garage"].values(catalog, {})


def test_a_question_can_be_narrowed_to_one_part(questions: dict[str, Question]) -> None:
    narrow = {one.where: one.text for one in questions["garageCars"].narrowed()}
    assert narrow["garageCars.plate"] == "query { garageCars(first: 100) { totalCount nodes { plate } } }"


def test_what_the_author_has_written_is_asked_in_the_place_of_what_is_made_up(tmp_path: Path) -> None:
    query = "query Named($garage: ID!) { garageName(id: $garage) }"
    mutation = 'mutation Paint { garageCarPaint(at: "10:00:00") }'
    (tmp_path / FILE).write_text(f"{query} {mutation}")
    plugin = faulty()
    plugin.__file__ = str(tmp_path / "plugin.py")
    company = company_of(plugin, [])
    found = asked(company)
    assert "garageName" not in found
    assert "garageCarPaint" not in found
    assert found["Named"].values(company.alone.catalog, RECORDS) == {"garage": str(GARAGE)}
    assert found["Paint"].variables == {}
