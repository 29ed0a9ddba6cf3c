"""Fields that plugins' code computes: once for all records, on every way, and whatever goes wrong in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support import computed_plugin
from tests.support.computed_plugin import calls
from tests.support.computed_plugin_tenant import Desk

from tenure_core.access.identity import Actor
from tenure_core.errors import ForbiddenError

BULK = """mutation ($rows: [AccountUpsertRow!]!) { accountsBulkUpsert(input: {rows: $rows}) {
  results { account { id health } } } }"""


@pytest.fixture(autouse=True)
def fresh_calls() -> Iterator[None]:
    calls.clear()
    yield
    calls.clear()


async def test_it_is_computed_wherever_a_record_can_stand(tenant: Desk) -> None:
    parent = await tenant.create(employees=10)
    child = await tenant.create(employees=3, parent={"id": parent})
    await tenant.contact(child)
    found = await tenant.both_ways(
        """query ($id: ID!, $both: [ID!]!) {
          account(id: $id) { health crowd parent { health } }
          accounts(orderBy: [{field: EMPLOYEES}]) {
            nodes { health children { edges { node { again: health } } } }
          }
          contacts { nodes { account { parent { health } } } }
          accountsAggregate(groupBy: [{field: PARENT}]) { key { parent { health } } }
          node(id: $id) { ... on Account { health } ... on Contact { lastName } }
          nodes(ids: $both) { id ... on Account { health } }
        }""",
        id=child,
        both=[parent, child],
    )
    assert found == {
        "data": {
            "account": {"health": 1.5, "crowd": 1, "parent": {"health": 5.0}},
            "accounts": {
                "nodes": [
                    {"health": 1.5, "children": {"edges": []}},
                    {"health": 5.0, "children": {"edges": [{"node": {"again": 1.5}}]}},
                ]
            },
            "contacts": {"nodes": [{"account": {"parent": {"health": 5.0}}}]},
            "accountsAggregate": [{"key": {"parent": {"health": 5.0}}}, {"key": {"parent": None}}],
            "node": {"health": 1.5},
            "nodes": [{"id": parent, "health": 5.0}, {"id": child, "health": 1.5}],
        }
    }


async def test_its_code_is_called_once_for_the_whole_request(tenant: Desk) -> None:
    await tenant.create(employees=1)
    await tenant.create(employees=2)
    query = "{ a: accounts { nodes { health } } b: accounts { nodes { h: health children { totalCount } } } }"
    await tenant.ask(query)
    assert [len(rows) for rows in calls] == [4]
    assert set(calls[0][0]) == {"id", "employees"}
    calls.clear()
    await tenant.generally(query)
    assert [len(rows) for rows in calls] == [4]


async def test_a_question_without_it_calls_nothing(tenant: Desk) -> None:
    await tenant.create(employees=1)
    await tenant.ask("{ accounts { nodes { employees } } }")
    assert calls == []


async def test_it_is_computed_for_changed_records_in_history_and_feed(tenant: Desk) -> None:
    account = await tenant.create(employees=4)
    found = await tenant.both_ways(
        """query ($id: ID!) {
          account(id: $id) { history { edges { node { ... on Account { health } } } } }
          changes(entities: ["Account"]) { edges { node { id ... on Account { health } } } }
        }""",
        id=account,
    )
    assert found["data"]["account"]["history"]["edges"] == [{"node": {"health": 2.0}}]
    assert found["data"]["changes"]["edges"] == [{"node": {"id": account, "health": 2.0}}]


@pytest.mark.parametrize(
    ("employees", "code"),
    [(666, "PLUGIN_FAILED"), (667, "PLUGIN_FAILED"), (668, "PLUGIN_FAILED"), (669, "BAD_USER_INPUT")],
)
async def test_a_failure_leaves_null_and_an_error_at_its_place(
    tenant: Desk, employees: int, code: str
) -> None:
    await tenant.create(name="well", employees=employees)
    found = await tenant.both_ways("{ x: accounts { nodes { name h: health crowd } } }")
    assert found["data"] == {"x": {"nodes": [{"name": "well", "h": None, "crowd": 0}]}}
    [error] = found["errors"]
    assert error["path"] == ["x", "nodes", 0, "h"]
    assert error["extensions"]["code"] == code
    assert "secret" not in str(found)


async def test_a_value_of_another_kind_is_an_error_only_where_it_is(tenant: Desk) -> None:
    await tenant.create(employees=668)
    await tenant.create(employees=2)
    found = await tenant.both_ways("{ accounts(orderBy: [{field: EMPLOYEES}]) { nodes { health } } }")
    assert found["data"]["accounts"]["nodes"] == [{"health": 1.0}, {"health": None}]
    assert [error["path"] for error in found["errors"]] == [["accounts", "nodes", 1, "health"]]


async def test_a_statement_that_fails_in_it_leaves_the_rest_alone(
    tenant: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computed_plugin, "mischief", "break")
    found = await tenant.ask(
        """mutation { accountCreate(input: {name: "a", employees: 8}) {
          account { crowd health } userErrors { code } } }"""
    )
    assert found["data"]["accountCreate"] == {"account": {"crowd": None, "health": 4.0}, "userErrors": []}
    assert [error["path"] for error in found["errors"]] == [["accountCreate", "account", "crowd"]]
    assert len((await tenant.ask("{ accounts { nodes { id } } }"))["data"]["accounts"]["nodes"]) == 1


async def test_it_is_computed_for_records_just_written(tenant: Desk) -> None:
    found = await tenant.ask(
        """mutation { a: accountCreate(input: {name: "a", employees: 8}) { account { h: health } }
          b: accountCreate(input: {name: "b", employees: 666}) {
            one: account { health } account { health } } }"""
    )
    assert found["data"]["a"] == {"account": {"h": 4.0}}
    assert found["data"]["b"] == {"one": {"health": None}, "account": {"health": None}}
    assert [error["path"] for error in found["errors"]] == [
        ["b", "one", "health"],
        ["b", "account", "health"],
    ]


async def test_it_is_computed_once_for_all_rows_of_a_bulk_write(tenant: Desk) -> None:
    rows = [
        {"match": {"externalRef": {"system": "s", "id": str(n)}}, "name": "a", "employees": n}
        for n in range(5)
    ]
    found = await tenant.ask(BULK, rows=rows)
    results = found["data"]["accountsBulkUpsert"]["results"]
    assert [result["account"]["health"] for result in results] == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert [len(rows) for rows in calls] == [5]


async def test_a_tenant_that_has_not_enabled_the_plugin_is_refused(tenant: Desk, actor: Actor) -> None:
    with pytest.raises(ForbiddenError, match="health belongs to the plugin desk, which is not enabled"):
        await Desk(tenant.execution, actor).ask("{ accounts { nodes { health } } }")


async def test_it_can_not_write_where_a_question_is_answered(
    tenant: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tenant.create()
    monkeypatch.setattr(computed_plugin, "mischief", "write")
    found = await tenant.ask("{ accounts { totalCount nodes { crowd } } }")
    again = await tenant.ask("{ accounts { totalCount } }")
    assert found["data"]["accounts"] == {"totalCount": 1, "nodes": [{"crowd": None}]}
    assert again["data"]["accounts"] == {"totalCount": 1}
