"""A row rule hides rows on every way to reach them: queries, feed, export, writes and sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import aliased
from tests.support.api_fixtures import Execute
from tests.support.entity_writer import Writer
from tests.support.feed_reader import Feed
from tests.support.row_rules import row_rule, session_of

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.access.visibility import visible_rows
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.predicates import ALL_ROWS, ActorParam, Compare, Predicate
from tenure_core.changes.reader import read_page
from tenure_core.entities.model import Account, Contact
from tenure_core.plugins.orm_session import visible_condition
from tenure_core.postgres.database import Database
from tenure_core.query.plan.change_cursors import START


def owned_by_the_origin(entity: EntityInfo) -> Predicate:
    """Return a rule that shows an account to the system that its `owner` names."""
    return Compare(entity.table.c.owner, "eq", ActorParam.ORIGIN) if entity.name == "Account" else ALL_ROWS


@dataclass(frozen=True)
class Team:
    """Two accounts of one tenant, each visible to one actor, and a contact of each."""

    alice: Actor
    bob: Actor
    own: UUID
    hidden: UUID
    contacts: dict[str, UUID]


@pytest.fixture
async def team(database: Database, catalog: Catalog, actor: Actor) -> AsyncIterator[Team]:
    """Alice's account is a child of Bob's, which is a child of hers: each has a hidden parent and child."""
    writer = Writer(database, catalog, actor)
    own, hidden = await writer.upsert(
        ("A", {"name": "own", "owner": "alice"}), ("B", {"name": "hidden", "owner": "bob"})
    )
    [second] = await writer.create({"name": "child", "owner": "bob", "parent": {"id": str(own.id)}})
    await writer.update({"id": str(own.id), "parent": {"id": str(hidden.id)}})
    rows = [{"lastName": name, "account": {"id": str(a.id)}} for name, a in (("o", own), ("h", hidden))]
    contacts = await writer.on("Contact").create(*rows)
    assert own.id
    assert hidden.id
    assert second.id
    ids = {name: result.id for name, result in zip("oh", contacts, strict=True) if result.id}
    alice, bob = (replace(actor, origin=name) for name in ("alice", "bob"))
    with row_rule(owned_by_the_origin):
        yield Team(alice, bob, own.id, hidden.id, ids)


async def data(execute: Execute, actor: Actor, query: str, **variables: Any) -> Any:
    response = await execute(query, as_=actor, **variables)
    assert "errors" not in response, response
    return response["data"]


READS = {
    "list": ("accounts { nodes { name } }", {"nodes": [{"name": "own"}]}),
    "total count": ("accounts { totalCount }", {"totalCount": 1}),
    "aggregate": ("accountsAggregate { count }", [{"count": 1}]),
    "record": ("account(id: $hidden) { name }", None),
    "external reference": ('accountByExternalRef(system: "erp", externalId: "B") { name }', None),
    "node": ("node(id: $hidden) { id }", None),
    "nodes": ("nodes(ids: [$hidden]) { id }", [None]),
    "filter on deletedAt": (
        "accounts(where: {deletedAt: {isNull: true}}) { nodes { name } }",
        {"nodes": [{"name": "own"}]},
    ),
    "external reference filter": (
        'accounts(where: {externalRefs: {some: {externalId: {eq: "B"}}}}) { totalCount }',
        {"totalCount": 0},
    ),
    "relation filter": (
        "contacts(where: {account: {some: {}}}) { nodes { lastName } }",
        {"nodes": [{"lastName": "o"}]},
    ),
    "to-one relation": (
        "contacts(orderBy: [{field: LAST_NAME}]) { nodes { lastName account { name } } }",
        {"nodes": [{"lastName": "h", "account": None}, {"lastName": "o", "account": {"name": "own"}}]},
    ),
    "self relation": (
        "accounts { nodes { parent { name } children { nodes { name } } childrenAggregate { count } } }",
        {"nodes": [{"parent": None, "children": {"nodes": []}, "childrenAggregate": [{"count": 0}]}]},
    ),
    "order by a reference": (
        "contacts(orderBy: [{field: ACCOUNT_NAME}]) { nodes { lastName } }",
        {"nodes": [{"lastName": "o"}, {"lastName": "h"}]},
    ),
    "group by a reference": (
        "contactsAggregate(groupBy: [{field: ACCOUNT_NAME}]) { key { accountName } count }",
        [{"key": {"accountName": "own"}, "count": 1}, {"key": {"accountName": None}, "count": 1}],
    ),
    "group key": (
        "contactsAggregate(groupBy: [{field: ACCOUNT}]) { key { account { name } } }",
        [{"key": {"account": {"name": "own"}}}, {"key": {"account": None}}],
    ),
}


@pytest.mark.parametrize("name", READS)
async def test_a_query_does_not_reach_a_hidden_row(execute: Execute, team: Team, name: str) -> None:
    query, expected = READS[name]
    declared = "($hidden: ID!)" if "$hidden" in query else ""
    text = f"query {declared} {{ result: {query} }}"
    assert (await data(execute, team.alice, text, hidden=str(team.hidden)))["result"] == expected
    assert (await data(execute, team.bob, text, hidden=str(team.hidden)))["result"] != expected


async def test_the_feed_and_the_history_do_not_contain_a_hidden_row(execute: Execute, team: Team) -> None:
    query = "{ changes { edges { entity id node { id } } } accounts { nodes { history { edges { id } } } } }"
    result = await data(execute, team.alice, query)
    edges = [edge for edge in result["changes"]["edges"] if edge["entity"] == "Account"]
    assert {edge["id"] for edge in edges} == {str(team.own)}
    assert all(edge["node"] for edge in edges)
    [history] = [node["history"]["edges"] for node in result["accounts"]["nodes"]]
    assert {edge["id"] for edge in history} == {str(team.own)}
    assert len(result["changes"]["edges"]) == len(edges) + 2


async def test_a_reader_of_changes_does_not_get_those_of_a_hidden_row(
    database: Database, catalog: Catalog, team: Team
) -> None:
    rows = visible_rows([catalog["Account"]], authorize(team.alice, catalog), include_deleted=True)
    async with database.tenant_connection(team.alice.tenant_id) as connection:
        page = await read_page(connection, team.alice, rows, START, 100)
    assert {change.id for change in page.changes} == {team.own}


async def test_an_export_does_not_contain_a_hidden_row(
    database: Database, catalog: Catalog, team: Team
) -> None:
    lines = [line async for line in Feed(database, catalog, team.alice).export()]
    assert [line["id"] for line in lines if line.get("entity") == "Account"] == [str(team.own)]


WRITES = {
    "update": 'accountUpdate(input: {id: $id, name: "x"})',
    "delete": "accountDelete(input: {id: $id})",
    "restore": "accountRestore(input: {id: $id})",
    "purge": "accountPurge(input: {id: $id})",
    "upsert by id": 'accountUpsert(input: {match: {id: $id}, name: "x"})',
    "upsert by key": 'accountUpsert(input: {match: {externalRef: {system: "erp", id: "B"}}, name: "hidden"})',
    "reference by id": 'contactCreate(input: {lastName: "x", account: {id: $id}})',
    "reference by key": (
        'contactCreate(input: {lastName: "x", account: {externalRef: {system: "erp", id: "B"}}})'
    ),
}


def mutation(name: str) -> str:
    declared = "($id: ID!)" if "$id" in WRITES[name] else ""
    return f"mutation {declared} {{ result: {WRITES[name]} {{ userErrors {{ code message }} }} }}"


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_does_not_find_a_hidden_row(execute: Execute, team: Team, name: str) -> None:
    response = await execute(mutation(name), as_=team.alice, id=str(team.hidden))
    errors = response["data"]["result"]["userErrors"]
    assert [error["code"] for error in errors] == ["NOT_FOUND"]
    assert not any(str(team.own) in error["message"] for error in errors)


async def test_a_hidden_row_keeps_its_values(execute: Execute, team: Team) -> None:
    for name in WRITES:
        await execute(mutation(name), as_=team.alice, id=str(team.hidden))
    result = await data(execute, team.bob, "{ accounts { nodes { name version } } }")
    assert sorted(node["name"] for node in result["accounts"]["nodes"]) == ["child", "hidden"]
    assert [node["version"] for node in result["accounts"]["nodes"]] == [1, 1]


async def test_a_record_with_a_hidden_dependent_is_not_purged(execute: Execute, team: Team) -> None:
    purge = "mutation ($id: ID!) { accountPurge(input: {id: $id}) { userErrors { code } } }"
    response = await execute(purge, as_=team.alice, id=str(team.own))
    assert response["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert str(team.hidden) not in str(response)
    assert (await data(execute, team.alice, "{ accounts { totalCount } }"))["accounts"]["totalCount"] == 1


async def test_a_key_of_a_hidden_row_is_not_described(execute: Execute, team: Team) -> None:
    add = """mutation ($id: ID!) { accountUpsert(input: {match: {id: $id},
        externalRefs: [{system: "erp", id: "B"}]}) { userErrors { code message } } }"""
    response = await data(execute, team.alice, add, id=str(team.own))
    [error] = response["accountUpsert"]["userErrors"]
    assert error["code"] == "DUPLICATE_KEY"
    assert str(team.hidden) not in error["message"]


async def test_a_session_does_not_reach_a_hidden_row(
    database: Database, catalog: Catalog, team: Team
) -> None:
    async with session_of(database, catalog, team.alice) as session:
        parent = aliased(Account)
        assert (await session.scalars(select(Account.name))).all() == ["own"]
        assert (await session.scalars(select(parent.name))).all() == ["own"]
        assert await session.get(Account, team.hidden) is None
        assert (
            await session.scalars(select(parent).join(Account, Account.parent_id == parent.id))
        ).all() == []
        joined = select(Contact.last_name).join(Account, Contact.account_id == Account.id)
        assert (await session.scalars(joined)).all() == ["o"]
        await session.execute(update(Account).values(industry="x"))
        is_visible = visible_condition(catalog["Account"], team.alice, catalog)
        assert (await session.scalars(select(Account.id).where(is_visible))).all() == [team.own]
    async with session_of(database, catalog, team.bob) as session:
        assert (await session.scalars(select(Account.industry))).all() == [None, None]
