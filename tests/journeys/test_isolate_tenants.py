"""The responses to a tenant contain no data of another tenant, whatever the query contains."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from tests.generated_queries.queries import SCHEMA, Query, queries
from tests.generated_queries.query_runner import QueryRunner
from tests.generated_queries.sample import CATALOG, insert, sample
from tests.generated_queries.sample_computed import with_sample
from tests.support.actors import create_actor
from tests.support.feed_reader import Feed

from tenure_core.access.identity import Role
from tenure_core.postgres.database import Database
from tenure_schema.operations.executor import Executor

MARK = "⟪other⟫"
OTHER_ROWS = sample(seed=9, first_id=0xB00, mark=MARK)
OTHER_IDS = {row["id"] for rows in OTHER_ROWS.values() for row in rows}

about_other_tenant = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.fixture(scope="module")
def other_tenant(unlimited_executor: Executor, database_url: str) -> QueryRunner:
    """Executes queries of the other tenant."""
    actor = with_sample(create_actor(database_url, Role.ADMIN))
    insert(database_url, actor.tenant_id, OTHER_ROWS)
    return QueryRunner(unlimited_executor, actor)


@pytest.fixture(scope="module")
def empty_tenant(unlimited_executor: Executor, database_url: str) -> QueryRunner:
    """Executes queries of a tenant without records."""
    return QueryRunner(unlimited_executor, with_sample(create_actor(database_url, Role.ADMIN)))


def values_in(response: Any) -> Iterator[Any]:
    """Yield every scalar value of a response, and the values inside its cursors."""
    if isinstance(response, dict | list):
        for inner in response.values() if isinstance(response, dict) else response:
            yield from values_in(inner)
    else:
        yield response
        yield from _cursor_values(response)


def _cursor_values(value: Any) -> Iterator[Any]:
    try:
        decoded = json.loads(base64.urlsafe_b64decode(value)) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        return
    if isinstance(decoded, list):
        yield from values_in(decoded)


def belongs_to_other(value: Any) -> bool:
    return isinstance(value, str) and (MARK in value or value in OTHER_IDS)


@about_other_tenant
@given(query=queries(OTHER_ROWS))
async def test_no_response_contains_a_value_of_another_tenant(
    sample_tenant: QueryRunner, other_tenant: QueryRunner, query: Query
) -> None:
    query = await other_tenant.with_cursors(query)
    note(query.text)
    assert not list(filter(belongs_to_other, values_in(await sample_tenant.execute_planned(query))))
    assert not list(filter(belongs_to_other, values_in(await sample_tenant.execute_with_resolvers(query))))


@about_other_tenant
@given(query=queries(OTHER_ROWS))
async def test_a_response_without_records_contains_only_type_names(
    empty_tenant: QueryRunner, other_tenant: QueryRunner, query: Query
) -> None:
    query = await other_tenant.with_cursors(query)
    note(query.text)
    values = set(values_in(await empty_tenant.execute_planned(query)))
    assert values <= {None, 0, *SCHEMA.type_map}


async def test_the_other_tenant_gets_the_values_that_the_tests_search_for(other_tenant: QueryRunner) -> None:
    query = Query("{ accounts { nodes { id name } edges { cursor } } }", {})
    response = await other_tenant.execute_planned(query)
    assert sum(map(belongs_to_other, values_in(response))) > 12


OTHER_ACCOUNT = next(row for row in OTHER_ROWS["Account"] if row["externalRefs"] and row["deletedAt"] is None)
OTHER_KEY = 'system: "{system}", externalId: "{externalId}"'.format(**OTHER_ACCOUNT["externalRefs"][0])
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
    "field",
    [
        f"changes(first: 1000) {CHANGES}",
        f'changes(first: 1000, after: "$cursor") {CHANGES}',
        *(f"{entity.plural}(first: 100) {{ nodes {PAST} }}" for entity in CATALOG.entities.values()),
        f'node(id: "{OTHER_ACCOUNT["id"]}") {{ ... on Account {PAST} }}',
        f"accountByExternalRef({OTHER_KEY}) {PAST}",
        f"accounts(where: {{externalRefs: {{some: {MARKED}}}}}) {{ nodes {PAST} }}",
    ],
    ids=lambda field: field.split("{")[0],
)
async def test_no_change_and_no_external_reference_belongs_to_another_tenant(
    sample_tenant: QueryRunner, other_tenant: QueryRunner, empty_tenant: QueryRunner, field: str
) -> None:
    start = await other_tenant.execute_planned(Query("{ changes(first: 1) { pageInfo { endCursor } } }", {}))
    cursor = start["data"]["changes"]["pageInfo"]["endCursor"]
    query = Query(f"{{ {field.replace('$cursor', cursor)} }}", {})
    assert list(filter(belongs_to_other, values_in(await other_tenant.execute_planned(query))))
    for tenant in (sample_tenant, empty_tenant):
        assert not list(filter(belongs_to_other, values_in(await tenant.execute_planned(query))))
        assert not list(filter(belongs_to_other, values_in(await tenant.execute_with_resolvers(query))))


async def test_an_export_contains_no_data_of_another_tenant(
    database: Database, sample_tenant: QueryRunner, other_tenant: QueryRunner
) -> None:
    exported, exported_by_other = [
        [value async for line in Feed(database, CATALOG, actor).export() for value in values_in(line)]
        for actor in (sample_tenant.actor, other_tenant.actor)
    ]
    assert len(list(filter(belongs_to_other, exported_by_other))) > 97
    assert not list(filter(belongs_to_other, exported))


@pytest.mark.parametrize("root", ["node", "account"])
async def test_a_record_of_another_tenant_is_not_found_by_its_id(
    sample_tenant: QueryRunner, other_tenant: QueryRunner, root: str
) -> None:
    alive = next(row["id"] for row in OTHER_ROWS["Account"] if row["deletedAt"] is None)
    query = Query(f'{{ record: {root}(id: "{alive}") {{ id }} }}', {})
    assert (await other_tenant.execute_planned(query))["data"] == {"record": {"id": alive}}
    assert (await sample_tenant.execute_planned(query))["data"] == {"record": None}


def test_the_fixtures_are_three_tenants(
    sample_tenant: QueryRunner, other_tenant: QueryRunner, empty_tenant: QueryRunner
) -> None:
    tenants = {tenant.actor.tenant_id for tenant in (sample_tenant, other_tenant, empty_tenant)}
    assert len(tenants) == 3
