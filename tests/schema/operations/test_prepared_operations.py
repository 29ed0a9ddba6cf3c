"""A prepared operation is shared by requests that differ only in bound values."""

from __future__ import annotations

import base64
import uuid
from itertools import product
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.generated_queries.queries import SCHEMA, Query
from tests.generated_queries.query_runner import QueryRunner
from tests.generated_queries.sample import CATALOG

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor, Role
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan import bind_values
from tenure_core.settings import Settings
from tenure_schema.operations.document_cache import DocumentCache
from tenure_schema.operations.prepared_operations import CachedOperation, Prepared, prepare

SIGNATURE = "INDUSTRY +>,ID +>"
"""The signature of cursors for this order."""

PAGE = """
    query ($first: Int, $after: String, $tier: String) {
        accounts(first: $first, after: $after, orderBy: [{field: INDUSTRY}], where: {tier: {eq: $tier}}) {
            nodes { id }
        }
    }
"""


class PageOperation:
    """One operation, prepared for different variables."""

    def __init__(self, text: str = PAGE) -> None:
        document = DocumentCache(SCHEMA, Settings()).get(text)
        self.operation = CachedOperation.of(document, document.get_operation(None), SCHEMA)
        self.grants = authorize(Actor(uuid.uuid4(), uuid.uuid4(), Role.READER, "test"), CATALOG)

    def prepared(self, **given: Any) -> Prepared:
        variables = self.operation.variable_reader.read(given)
        return prepare(self.operation, variables, SCHEMA, CATALOG, self.grants, 10_000)

    def bound(self, **given: Any) -> list[object]:
        return self.bound_statement(**given)[1]

    def bound_statement(self, **given: Any) -> tuple[str, list[object]]:
        variables = self.operation.variable_reader.read(given)
        [(_, statement, binds)] = self.prepared(**given).statements
        return statement.text, bind_values(binds, variables.coerced)


@pytest.fixture
def operation() -> PageOperation:
    return PageOperation()


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode()


def test_requests_with_other_bound_values_share_a_prepared_operation(operation: PageOperation) -> None:
    assert operation.prepared(tier="gold") is operation.prepared(tier="silver")


def test_another_page_size_is_prepared_separately(operation: PageOperation) -> None:
    assert operation.prepared(first=3) is not operation.prepared(first=4)


def test_requests_with_other_cursors_share_a_prepared_operation(operation: PageOperation) -> None:
    ids = [uuid.uuid4(), uuid.uuid4()]
    first, second = ({"after": cursor(SIGNATURE, "Retail", id_)} for id_ in ids)
    assert operation.prepared(**first) is operation.prepared(**second)
    assert operation.bound(**second)[-2:] == ["Retail", ids[1]]


def test_the_first_page_does_not_prevent_sharing_between_later_pages(operation: PageOperation) -> None:
    operation.prepared(after=None)
    first, second = (operation.prepared(after=cursor(SIGNATURE, "Retail", uuid.uuid4())) for _ in range(2))
    assert first is second


def test_a_request_without_a_cursor_is_prepared_separately(operation: PageOperation) -> None:
    paged = operation.prepared(after=cursor(SIGNATURE, "Retail", uuid.uuid4()))
    assert operation.prepared(after=None) is not paged
    assert operation.prepared() is not paged


def test_a_cursor_with_a_null_is_prepared_separately(operation: PageOperation) -> None:
    id_ = uuid.uuid4()
    filled = operation.prepared(after=cursor(SIGNATURE, "Retail", id_))
    assert operation.prepared(after=cursor(SIGNATURE, None, id_)) is not filled


@pytest.mark.parametrize("wrong", ["", "?", cursor(), cursor(None), cursor("another order", "Retail", "x")])
def test_an_invalid_cursor_is_rejected_although_the_operation_is_prepared(
    operation: PageOperation, wrong: str
) -> None:
    operation.prepared(after=cursor(SIGNATURE, "Retail", uuid.uuid4()))
    with pytest.raises(BadUserInputError, match=r"accounts\.after is "):
        operation.prepared(after=wrong)


def test_an_invalid_value_in_a_cursor_is_rejected_when_it_is_bound(operation: PageOperation) -> None:
    with pytest.raises(BadUserInputError, match=r"accounts\.after: 'x' is not an id"):
        operation.bound(after=cursor(SIGNATURE, "Retail", "x"))


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
async def test_a_request_is_not_affected_by_the_values_of_other_requests(
    sample_tenant: QueryRunner, requests: list[dict[str, Any]]
) -> None:
    """The execution with resolvers, which caches nothing, is the reference."""
    for variables in requests:
        query = Query(SHAPED, variables)
        assert await sample_tenant.execute_planned(query) == await sample_tenant.execute_with_resolvers(query)


VALUES: dict[str, list[Any]] = {
    "flag": [True, False],
    "text": ["a", "b"],
    "count": [None, 1, 3],
    "json": [None, 1, "1", [1], {"a": 1}],
    "field": ["NAME", "TIER"],
    "direction": [None, "ASC", "DESC"],
}
TYPES = {"flag": "Boolean!", "text": "String!", "count": "Int", "json": "JSON"} | {
    "field": "AccountOrderField!",
    "direction": "OrderDirection",
}
SELECTIONS = [
    "accounts { nodes { id @include(if: $flag) ...on Account { name @skip(if: $flag) } } }",
    "accounts(where: {name: {in: [$text, $text]}, or: [{tier: {eq: $text}}]}) { totalCount }",
    "accounts(where: {deletedAt: {isNull: $flag}}) { totalCount }",
    "accounts(where: {attributes: {contains: {a: $json, b: [1, $json]}}}) { totalCount }",
    "accounts(first: $count, orderBy: [{field: $field, direction: $direction}]) { nodes { id } }",
    'changes(entities: ["Account"], first: $count, excludeOrigin: $text) { edges { cursor } }',
]


@pytest.mark.parametrize("selection", SELECTIONS)
def test_a_shared_prepared_operation_equals_a_new_one(selection: str) -> None:
    names = [name for name in VALUES if f"${name}" in selection]
    text = f"query ({', '.join(f'${name}: {TYPES[name]}' for name in names)}) {{ {selection} }}"
    combinations = list(product(*(VALUES[name] for name in names)))
    shared = PageOperation(text)
    for values in (*combinations, *reversed(combinations)):
        variables = dict(zip(names, values, strict=True))
        assert shared.bound_statement(**variables) == PageOperation(text).bound_statement(**variables)
