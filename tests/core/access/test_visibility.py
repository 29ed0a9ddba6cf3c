"""Row visibility: every statement contains the row rule, and no way to reach a row bypasses it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import select, update
from sqlalchemy.orm import aliased
from tests.generated_queries.queries import Query, queries
from tests.generated_queries.query_runner import QueryRunner
from tests.generated_queries.sample import ROWS
from tests.support.api_fixtures import Execute
from tests.support.entity_writer import Writer
from tests.support.feed_reader import Feed
from tests.support.row_rules import row_rule, session_of

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor, Role
from tenure_core.access.visibility import visible
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.predicates import ALL_ROWS, NO_ROWS, ActorParam, Compare, IsNull, Predicate
from tenure_core.entities.model import Account
from tenure_core.postgres.database import Database
from tenure_core.query.plan import plan
from tenure_core.query.request import SelectedField
from tenure_core.query.sql import Statement, compile


def not_the_actor(entity: EntityInfo) -> Predicate:
    """Return a rule that every row fulfills, and that is easy to find in a statement."""
    return Compare(entity.id.column, "ne", ActorParam.ID)


MARKER = (
    r"{alias}\.id IS DISTINCT FROM %\(actor_id\)s"
    r"|{alias}\.tenant_id = %\(tenant\)s::UUID( AND \S+ = \S+)? AND false"
)
"""The rule for a table alias. SQLAlchemy omits it if the filter of a request is always false."""

ENTITY_TABLE = re.compile(
    r'\b(?P<verb>FROM|JOIN|INTO|UPDATE) "?(?P<table>account|contact|activity)"?(?: AS)? "?(?P<alias>\w+)"?'
)
"""A use of an entity's table in a statement."""

EXEMPT = {
    "INSERT INTO": "new rows are not visible to anyone yet",
    "WITH RECURSIVE given": "a tree must have no cycle, whether or not the caller sees all of its nodes",
    'SELECT id, "account_id" FROM': "a foreign key prevents a purge, whether or not its row is visible",
    'SELECT id, "contact_id" FROM': "likewise",
    'SELECT id, "parent_id" FROM': "likewise",
}
"""Beginnings of statements without the predicate, with the reason."""

EXEMPT_ALIASES = {
    "old": "the stored version of `t` in an update, whose visibility is checked",
    "own": "the record of a row in a uniqueness check, which is locked and therefore visible",
    "person": "an expression of a plugin reads other rows on the plugin's authority",
}
"""Aliases without the predicate, with the reason."""

PLUGIN_EXPRESSION = re.compile(r"FROM activity\s+WHERE activity\.tenant_id")
"""An expression of a plugin, which reads other rows on the plugin's authority."""

EMPTY_SELECTION = re.compile(r"FROM \w+ AS \w+\s+WHERE false(?=\s*(?:\)|$))")
"""A table of which no row is read: SQLAlchemy omits all other conditions beside an empty `or`."""


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that is sent to PostgreSQL over an async connection."""
    sent: list[str] = []
    for cursor_class in (psycopg.AsyncCursor, psycopg.AsyncServerCursor):
        execute = cursor_class.execute

        async def record(cursor: Any, query: Any, *args: Any, _execute: Any = execute, **options: Any) -> Any:
            sent.append(str(query))
            return await _execute(cursor, query, *args, **options)

        monkeypatch.setattr(cursor_class, "execute", record)
    return sent


def uses_without_rule(statement: str) -> list[str]:
    """Return the uses of an entity's table for which a statement does not contain the rule."""
    if statement.lstrip().startswith(tuple(EXEMPT)):
        return []
    return [
        use["alias"]
        for use in ENTITY_TABLE.finditer(EMPTY_SELECTION.sub("", PLUGIN_EXPRESSION.sub("", statement)))
        if use["alias"] not in EXEMPT_ALIASES and not re.search(MARKER.format(alias=use["alias"]), statement)
    ]


def assert_all_contain_the_rule(statements: list[str]) -> None:
    assert [(found, s) for s in statements if (found := uses_without_rule(s))] == []


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(query=queries(ROWS))
async def test_every_statement_of_a_query_contains_the_row_rule(
    sample_tenant: QueryRunner, statements: list[str], query: Query
) -> None:
    query = await sample_tenant.with_cursors(query)
    expected = await sample_tenant.execute_planned(query)
    with row_rule(not_the_actor):
        statements.clear()
        assert await sample_tenant.execute_planned(query) == expected
        assert_all_contain_the_rule(statements)


async def test_a_statement_without_the_row_rule_is_found(execute: Execute, statements: list[str]) -> None:
    await execute("{ accounts(orderBy: [{field: PARENT_NAME}]) { nodes { contacts { totalCount } } } }")
    [found] = filter(None, map(uses_without_rule, statements))
    assert len(found) == 3


CHANGES = "edges { node { id } } pageInfo { endCursor }"
QUERIES = {
    "record": "account(id: $id) { name parent { name } }",
    "external reference": 'accountByExternalRef(system: "erp", externalId: "1") { name }',
    "node": "node(id: $id) { id ... on Account { name } }",
    "nodes": "nodes(ids: [$id]) { id ... on Account { name } }",
    "feed": f"changes {{ {CHANGES} }}",
    "history": f"accounts {{ nodes {{ history {{ {CHANGES} }} }} }}",
    "aggregate": "contactsAggregate(groupBy: [{field: ACCOUNT}]) { key { account { name } } count }",
    "order": "contacts(orderBy: [{field: ACCOUNT_NAME}]) { totalCount nodes { lastName } }",
}


@pytest.mark.parametrize("name", QUERIES)
async def test_every_root_field_contains_the_row_rule(
    execute: Execute, statements: list[str], name: str
) -> None:
    with row_rule(not_the_actor):
        query = f"query ($id: ID!) {{ record: account(id: $id) {{ id }} {QUERIES[name]} }}"
        assert "errors" not in await execute(query, id=str(uuid4()))
    assert_all_contain_the_rule(statements)


async def test_every_statement_of_a_write_contains_the_row_rule(
    database: Database, catalog: Catalog, actor: Actor, statements: list[str]
) -> None:
    with row_rule(not_the_actor):
        accounts = Writer(database, catalog, actor)
        contacts = accounts.on("Contact")
        [parent, child] = await accounts.create({"name": "a"}, {"name": "b"})
        await accounts.upsert(("1", {"name": "c"}), ("2", {"name": "d"}))
        await accounts.upsert(("1", {"name": "c"}), ("2", {"name": "e", "industry": "x"}))
        await accounts.send(
            {"match": {"id": str(parent.id)}, "name": "f"},
            {"match": {"id": str(child.id)}, "parent": {"id": str(parent.id)}},
        )
        await accounts.send({"match": {"id": str(parent.id)}, "name": "g"}, dry_run=True)
        by_key = {"externalRef": {"system": "erp", "id": "1"}}
        await contacts.create({"lastName": "h", "account": {"id": str(child.id)}}, {"lastName": "i"})
        await contacts.create({"lastName": "j", "account": by_key})
        await accounts.update({"id": str(child.id), "parent": None}, {"id": str(parent.id), "name": "k"})
        await accounts.delete(child.id)
        await accounts.restore(child.id)
    assert_all_contain_the_rule(statements)
    written = [s for s in statements if ENTITY_TABLE.search(s) and not s.lstrip().startswith(tuple(EXEMPT))]
    assert len({re.sub(r"\s+", " ", s) for s in written}) >= 8


async def test_a_purge_contains_the_row_rule(execute: Execute, statements: list[str]) -> None:
    created = await execute('mutation { accountCreate(input: {name: "a"}) { account { id } } }')
    record = created["data"]["accountCreate"]["account"]["id"]
    await execute(
        """mutation ($id: ID!) {
            contactCreate(input: {lastName: "b", account: {id: $id}}) { contact { id } }
        }""",
        id=record,
    )
    with row_rule(not_the_actor):
        statements.clear()
        purged = await execute(
            "mutation ($id: ID!) { accountPurge(input: {id: $id}) { userErrors { code } } }", id=record
        )
    assert purged["data"]["accountPurge"] == {"userErrors": []}
    assert_all_contain_the_rule(statements)
    assert any("DELETE FROM" in statement for statement in statements)


async def test_an_export_contains_the_row_rule(
    database: Database, catalog: Catalog, actor: Actor, statements: list[str]
) -> None:
    with row_rule(not_the_actor):
        assert [line async for line in Feed(database, catalog, actor).export()]
    assert_all_contain_the_rule(statements)
    assert sum(bool(ENTITY_TABLE.search(statement)) for statement in statements) == 3


async def test_every_statement_of_a_session_contains_the_row_rule(
    database: Database, catalog: Catalog, actor: Actor, statements: list[str]
) -> None:
    with row_rule(not_the_actor):
        async with session_of(database, catalog, actor) as session:
            other = aliased(Account)
            await session.scalars(select(Account).join(other, Account.parent_id == other.id))
            await session.get(Account, uuid4())
            await session.execute(update(Account).values(name="x").where(Account.name == "y"))
    ours = [s for s in statements if re.search(r"(FROM|UPDATE) account\b", s)]
    assert len(ours) == 3
    assert [s for s in ours if "IS DISTINCT FROM" not in s] == []
    assert ours[0].count("IS DISTINCT FROM") == 2


def statement_for(catalog: Catalog, actor: Actor) -> Statement:
    field = SelectedField("accounts", "accounts", {}, (SelectedField("totalCount", "totalCount", {}, ()),))
    return compile(plan(field, catalog, authorize(actor, catalog)).plan)


def test_actors_with_equal_grants_share_a_statement_and_bind_their_own_values(
    catalog: Catalog, actor: Actor
) -> None:
    other = replace(actor, key_id=uuid4(), origin="other")
    with row_rule(not_the_actor):
        statement = statement_for(catalog, actor)
        assert statement_for(catalog, other) is statement
        assert "%(actor_id)s" in statement.text
        assert statement.values(actor, [])["actor_id"] == actor.key_id
        assert statement.values(other, [])["actor_id"] == other.key_id
    assert statement_for(catalog, actor) is not statement


def test_without_the_grant_to_read_no_row_is_visible(catalog: Catalog, actor: Actor) -> None:
    grants = authorize(replace(actor, role="nobody"), catalog)
    assert visible(catalog["Account"], grants, include_deleted=True) == NO_ROWS


def test_deleted_rows_are_visible_on_request_only(catalog: Catalog, actor: Actor) -> None:
    account, grants = catalog["Account"], authorize(replace(actor, role=Role.READER), catalog)
    assert visible(account, grants) == IsNull((account.table.c.deleted_at,), True)
    assert visible(account, grants, include_deleted=True) == ALL_ROWS
