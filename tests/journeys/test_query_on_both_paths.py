"""Any question has one answer: PostgreSQL's bytes, graphql-core's way and a model in memory agree."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any

from graphql import print_schema
from hypothesis import HealthCheck, given, note, settings
from tests.generated_queries.model import Cursor, MemoryModel, row_of
from tests.generated_queries.queries import SCHEMA, Question, filters, groupings, questions
from tests.generated_queries.responses import Answers
from tests.generated_queries.sample import CATALOG, ROWS

EXAMPLES = int(os.environ.get("TENURE_TEST_EXAMPLES", "250"))
"""How many questions are asked; a long soak asks some thousands."""

MODEL = MemoryModel(print_schema(SCHEMA), CATALOG, ROWS)


def difference(found: Any, expected: Any, place: str = "data") -> str | None:
    """Return where an answer differs first; the order of fields counts, and of a cursor its record."""
    if isinstance(expected, Cursor):
        return difference(row_of(found), str(expected), place)
    if isinstance(expected, dict) and isinstance(found, dict):
        if list(found) != list(expected):
            return f"{place} has {list(found)} instead of {list(expected)}"
        return _first(difference(found[key], inner, f"{place}.{key}") for key, inner in expected.items())
    if isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        return _first(difference(one, other, f"{place}[{i}]") for i, (one, other) in pairs)
    if (
        isinstance(expected, float)
        and isinstance(found, int | float)
        and math.isclose(found, expected, rel_tol=1e-12)
    ):
        return None
    return None if found == expected else f"{place} is {found!r} instead of {expected!r}"


def _first(differences: Iterator[str | None]) -> str | None:
    return next(filter(None, differences), None)


any_question = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@any_question
@given(drawn=questions(ROWS))
async def test_any_question_has_the_same_answer_three_ways(answers: Answers, drawn: Question) -> None:
    question = await answers.with_cursors(drawn)
    note(question.text)
    note(repr(question.variables))
    short = await answers.short(question)
    assert difference(short, await answers.general(question), "the short answer") is None
    expected = MODEL.answer(question.text, question.variables, question.operation_name)
    assert difference(short["data"], expected) is None


@any_question
@given(question=filters(ROWS))
async def test_any_filter_finds_the_records_that_fulfil_it(answers: Answers, question: Question) -> None:
    found = await answers.short(question)
    assert difference(found["data"], MODEL.answer(question.text, question.variables)) is None


@any_question
@given(question=groupings(ROWS))
async def test_any_grouping_has_the_groups_and_numbers_of_its_records(
    answers: Answers, question: Question
) -> None:
    found = await answers.short(question)
    assert difference(found["data"], MODEL.answer(question.text, question.variables)) is None
