"""What was prepared for one request serves every later one that differs in bound values only."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.generated_queries.queries import SCHEMA, Question
from tests.generated_queries.responses import Answers
from tests.generated_queries.sample import CATALOG

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor, Role
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan import bind_values
from tenure_core.settings import Settings
from tenure_schema.operations.document_cache import DocumentCache
from tenure_schema.operations.lowering import read_variables
from tenure_schema.operations.prepared_operations import CachedOperation, Prepared, prepare

SIGNATURE = "INDUSTRY +>,ID +>"
"""What cursors of this order say of themselves."""

PAGE = """
    query ($first: Int, $after: String, $tier: String) {
        accounts(first: $first, after: $after, orderBy: [{field: INDUSTRY}], where: {tier: {eq: $tier}}) {
            nodes { id }
        }
    }
"""


class Asking:
    """One operation, asked again and again."""

    def __init__(self) -> None:
        document = DocumentCache(SCHEMA, Settings()).get(PAGE)
        self.operation = CachedOperation.of(document, document.operation(None))
        self.authorized = authorize(Actor(uuid.uuid4(), uuid.uuid4(), Role.READER, "test"), CATALOG)

    def prepared(self, **given: Any) -> Prepared:
        variables = read_variables(SCHEMA, self.operation.node, given)
        return prepare(self.operation, variables, SCHEMA, CATALOG, self.authorized, 10_000)

    def bound(self, **given: Any) -> list[object]:
        variables = read_variables(SCHEMA, self.operation.node, given)
        [(_, _, binds)] = self.prepared(**given).statements
        return bind_values(binds, variables.coerced)


@pytest.fixture
def asking() -> Asking:
    return Asking()


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode()


def test_a_bound_value_shares_what_was_prepared(asking: Asking) -> None:
    assert asking.prepared(tier="gold") is asking.prepared(tier="silver")


def test_a_size_of_a_page_does_not(asking: Asking) -> None:
    assert asking.prepared(first=3) is not asking.prepared(first=4)


def test_a_new_cursor_shares_what_was_prepared_and_brings_its_own_values(asking: Asking) -> None:
    ids = [uuid.uuid4(), uuid.uuid4()]
    first, second = ({"after": cursor(SIGNATURE, "Retail", id_)} for id_ in ids)
    assert asking.prepared(**first) is asking.prepared(**second)
    assert asking.bound(**second)[-2:] == ["Retail", ids[1]]


def test_it_does_after_the_first_page_too_which_has_no_cursor(asking: Asking) -> None:
    asking.prepared(after=None)
    first, second = (asking.prepared(after=cursor(SIGNATURE, "Retail", uuid.uuid4())) for _ in range(2))
    assert first is second


def test_no_cursor_and_a_cursor_share_nothing(asking: Asking) -> None:
    paged = asking.prepared(after=cursor(SIGNATURE, "Retail", uuid.uuid4()))
    assert asking.prepared(after=None) is not paged
    assert asking.prepared() is not paged


def test_a_cursor_with_an_empty_value_does_not(asking: Asking) -> None:
    id_ = uuid.uuid4()
    filled = asking.prepared(after=cursor(SIGNATURE, "Retail", id_))
    assert asking.prepared(after=cursor(SIGNATURE, None, id_)) is not filled


@pytest.mark.parametrize("wrong", ["", "?", cursor(), cursor(None), cursor("another order", "Retail", "x")])
def test_a_wrong_cursor_is_refused_also_after_a_right_one(asking: Asking, wrong: str) -> None:
    asking.prepared(after=cursor(SIGNATURE, "Retail", uuid.uuid4()))
    with pytest.raises(BadUserInputError, match=r"accounts\.after is "):
        asking.prepared(after=wrong)


def test_a_cursor_whose_value_means_nothing_is_refused_where_it_is_bound(asking: Asking) -> None:
    with pytest.raises(BadUserInputError, match=r"accounts\.after: 'x' is not an id"):
        asking.bound(after=cursor(SIGNATURE, "Retail", "x"))


SHAPED = """
    query ($name: String, $n: Int, $deep: Boolean = false, $order: AccountOrderField = NAME, $json: JSON,
            $where: ContactFilter) {
        accounts(
            first: $n, orderBy: [{field: $order}]
            where: {or: [{name: {contains: $name}}, {attributes: {contains: {erp: $json}}}]}
        ) {
            nodes { name contacts(where: $where) @include(if: $deep) { nodes { lastName } } }
        }
    }
"""
REQUESTS = st.fixed_dictionaries(
    {"name": st.sampled_from(["M", "上", "no such", ""]), "json": st.sampled_from(["7", {"id": 7}, 1])},
    optional={
        "n": st.sampled_from([0, 1, 3, None]),
        "deep": st.booleans(),
        "order": st.sampled_from(["NAME", "KIND", "EMPLOYEES"]),
        "where": st.sampled_from([None, {}, {"lastName": {"contains": "Z"}}, {"email": {"isNull": True}}]),
    },
)


@settings(max_examples=25, deadline=None)
@given(requests=st.lists(REQUESTS, min_size=2, max_size=6))
async def test_no_value_of_a_request_leaks_into_the_answer_of_another(
    answers: Answers, requests: list[dict[str, Any]]
) -> None:
    """The general way keeps nothing of a request."""
    for variables in requests:
        question = Question(SHAPED, variables)
        assert await answers.short(question) == await answers.general(question)
