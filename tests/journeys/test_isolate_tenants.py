"""One tenant's answers hold nothing of another's, whatever is asked and known of the other."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from tests.generated_queries.queries import SCHEMA, Question, questions
from tests.generated_queries.responses import Answers
from tests.generated_queries.sample import CATALOG, insert, sample
from tests.generated_queries.sample_computed import with_sample
from tests.support.actors import actor_in_fresh_tenant
from tests.support.feed_reader import Feed

from tenure_core.access.identity import Actor, Role
from tenure_core.postgres.database import Database
from tenure_schema.operations.executor import Executor

MARK = "⟪theirs⟫"
THEIRS = sample(seed=9, first_id=0xB00, mark=MARK)
THEIR_IDS = {row["id"] for rows in THEIRS.values() for row in rows}

any_question_about_theirs = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.fixture(scope="module")
def theirs(generous: Executor, database_url: str) -> Answers:
    """Answers to the other tenant."""
    actor = with_sample(actor_in_fresh_tenant(database_url, Role.ADMIN))
    insert(database_url, actor.tenant_id, THEIRS)
    return Answers(generous, actor)


@pytest.fixture(scope="module")
def of_nobody(generous: Executor, database_url: str) -> Answers:
    """Answers to a tenant without any record."""
    return Answers(generous, with_sample(actor_in_fresh_tenant(database_url, Role.ADMIN)))


def values_in(answer: Any) -> Iterator[Any]:
    """Yield every single value of an answer, and what is inside of its cursors."""
    if isinstance(answer, dict | list):
        for inner in answer.values() if isinstance(answer, dict) else answer:
            yield from values_in(inner)
    else:
        yield answer
        yield from _inside_cursor(answer)


def _inside_cursor(value: Any) -> Iterator[Any]:
    try:
        decoded = json.loads(base64.urlsafe_b64decode(value)) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        return
    if isinstance(decoded, list):
        yield from values_in(decoded)


def is_theirs(value: Any) -> bool:
    return isinstance(value, str) and (MARK in value or value in THEIR_IDS)


@any_question_about_theirs
@given(drawn=questions(THEIRS))
async def test_no_answer_holds_a_value_of_another_tenant(
    answers: Answers, theirs: Answers, drawn: Question
) -> None:
    question = await theirs.with_cursors(drawn)
    note(question.text)
    assert not list(filter(is_theirs, values_in(await answers.short(question))))
    assert not list(filter(is_theirs, values_in(await answers.general(question))))


@any_question_about_theirs
@given(drawn=questions(THEIRS))
async def test_a_tenant_without_records_is_answered_with_nothing_but_names_of_types(
    of_nobody: Answers, theirs: Answers, drawn: Question
) -> None:
    question = await theirs.with_cursors(drawn)
    note(question.text)
    found = set(values_in(await of_nobody.short(question)))
    assert found <= {None, 0, *SCHEMA.type_map}


async def test_the_other_tenant_does_see_what_the_tests_above_look_for(theirs: Answers) -> None:
    found = await theirs.short(Question("{ accounts { nodes { id name } edges { cursor } } }", {}))
    assert sum(map(is_theirs, values_in(found))) > 12


THEIR_ACCOUNT = next(row for row in THEIRS["Account"] if row["externalRefs"] and row["deletedAt"] is None)
THEIR_KEY = 'system: "{system}", externalId: "{externalId}"'.format(**THEIR_ACCOUNT["externalRefs"][0])
MARKED = f'{{externalId: {{contains: "{MARK}"}}}}'
CHANGES = """{
    edges {
        cursor entity id operation changedFields before after version actor origin transactionId occurredAt
        node { id ... on Account { name } }
    }
    pageInfo { startCursor endCursor }
}"""
PAST = f"{{ externalRefs {{ system externalId url sourceVersion syncedAt }} history {CHANGES} }}"


@pytest.mark.parametrize(
    "asked",
    [
        f"changes(first: 1000) {CHANGES}",
        f'changes(first: 1000, after: "$theirs") {CHANGES}',
        *(f"{plural}(first: 100) {{ nodes {PAST} }}" for plural in CATALOG.by_plural),
        f'node(id: "{THEIR_ACCOUNT["id"]}") {{ ... on Account {PAST} }}',
        f"accountByExternalRef({THEIR_KEY}) {PAST}",
        f"accounts(where: {{externalRefs: {{some: {MARKED}}}}}) {{ nodes {PAST} }}",
    ],
    ids=lambda asked: asked.split("{")[0],
)
async def test_no_change_and_no_key_is_another_tenant_s(
    answers: Answers, theirs: Answers, of_nobody: Answers, asked: str
) -> None:
    begin = await theirs.short(Question("{ changes(first: 1) { pageInfo { endCursor } } }", {}))
    cursor = begin["data"]["changes"]["pageInfo"]["endCursor"]
    question = Question(f"{{ {asked.replace('$theirs', cursor)} }}", {})
    assert list(filter(is_theirs, values_in(await theirs.short(question))))
    for others in (answers, of_nobody):
        assert not list(filter(is_theirs, values_in(await others.short(question))))
        assert not list(filter(is_theirs, values_in(await others.general(question))))


async def test_an_export_holds_nothing_of_another_tenant(
    database: Database, answers: Answers, theirs: Answers
) -> None:
    ours, of_theirs = [
        [value async for line in Feed(database, CATALOG, one.actor).export() for value in values_in(line)]
        for one in (answers, theirs)
    ]
    assert len(list(filter(is_theirs, of_theirs))) > 97
    assert not list(filter(is_theirs, ours))


@pytest.mark.parametrize("root", ["node", "account"])
async def test_a_record_of_another_tenant_is_not_found_by_its_id(
    answers: Answers, theirs: Answers, root: str
) -> None:
    alive = next(row["id"] for row in THEIRS["Account"] if row["deletedAt"] is None)
    question = Question(f'{{ found: {root}(id: "{alive}") {{ id }} }}', {})
    assert (await theirs.short(question))["data"] == {"found": {"id": alive}}
    assert (await answers.short(question))["data"] == {"found": None}


def test_the_fixture_is_a_tenant_of_its_own(answers: Answers, theirs: Answers, of_nobody: Answers) -> None:
    actors: list[Actor] = [one.actor for one in (answers, theirs, of_nobody)]
    assert len({actor.tenant_id for actor in actors}) == 3
