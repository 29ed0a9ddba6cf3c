"""Batch fields are computed once for all records of a response, on every path, and failures are isolated."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support import computed_plugin
from tests.support.computed_plugin import calls
from tests.support.computed_plugin_tenant import PluginTenant

from tenure_core.access.identity import Actor
from tenure_core.errors import ForbiddenError

BULK = """mutation ($rows: [AccountUpsertRow!]!) { accountsBulkUpsert(input: {rows: $rows}) {
  results { account { id health } } } }"""


@pytest.fixture(autouse=True)
def clear_calls() -> Iterator[None]:
    calls.clear()
    yield
    calls.clear()


async def test_a_batch_field_is_computed_at_every_position_of_a_record(tenant: PluginTenant) -> None:
    parent = await tenant.create(employees=10)
    child = await tenant.create(employees=3, parent={"id": parent})
    await tenant.contact(child)
    response = await tenant.execute_both_ways(
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
    assert response == {
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


async def test_the_code_is_called_once_per_request(tenant: PluginTenant) -> None:
    await tenant.create(employees=1)
    await tenant.create(employees=2)
    query = "{ a: accounts { nodes { health } } b: accounts { nodes { h: health children { totalCount } } } }"
    await tenant.execute(query)
    assert [len(rows) for rows in calls] == [4]
    assert set(calls[0][0]) == {"id", "employees"}
    calls.clear()
    await tenant.execute_with_resolvers(query)
    assert [len(rows) for rows in calls] == [4]


async def test_the_code_is_not_called_if_the_field_is_not_selected(tenant: PluginTenant) -> None:
    await tenant.create(employees=1)
    await tenant.execute("{ accounts { nodes { employees } } }")
    assert calls == []


async def test_a_batch_field_is_computed_for_changed_records_in_history_and_feed(
    tenant: PluginTenant,
) -> None:
    account = await tenant.create(employees=4)
    response = await tenant.execute_both_ways(
        """query ($id: ID!) {
          account(id: $id) { history { edges { node { ... on Account { health } } } } }
          changes(entities: ["Account"]) { edges { node { id ... on Account { health } } } }
        }""",
        id=account,
    )
    assert response["data"]["account"]["history"]["edges"] == [{"node": {"health": 2.0}}]
    assert response["data"]["changes"]["edges"] == [{"node": {"id": account, "health": 2.0}}]


@pytest.mark.parametrize(
    ("employees", "code"),
    [(666, "PLUGIN_FAILED"), (667, "PLUGIN_FAILED"), (668, "PLUGIN_FAILED"), (669, "BAD_USER_INPUT")],
)
async def test_a_failure_results_in_null_and_an_error_with_the_path(
    tenant: PluginTenant, employees: int, code: str
) -> None:
    await tenant.create(name="well", employees=employees)
    response = await tenant.execute_both_ways("{ x: accounts { nodes { name h: health crowd } } }")
    assert response["data"] == {"x": {"nodes": [{"name": "well", "h": None, "crowd": 0}]}}
    [error] = response["errors"]
    assert error["path"] == ["x", "nodes", 0, "h"]
    assert error["extensions"]["code"] == code
    assert "secret" not in str(response)


async def test_a_value_of_the_wrong_type_is_an_error_of_its_record_only(tenant: PluginTenant) -> None:
    await tenant.create(employees=668)
    await tenant.create(employees=2)
    response = await tenant.execute_both_ways(
        "{ accounts(orderBy: [{field: EMPLOYEES}]) { nodes { health } } }"
    )
    assert response["data"]["accounts"]["nodes"] == [{"health": 1.0}, {"health": None}]
    assert [error["path"] for error in response["errors"]] == [["accounts", "nodes", 1, "health"]]


async def test_a_failed_statement_in_the_code_does_not_roll_back_the_mutation(
    tenant: PluginTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computed_plugin, "mischief", "break")
    response = await tenant.execute(
        """mutation { accountCreate(input: {name: "a", employees: 8}) {
          account { crowd health } userErrors { code } } }"""
    )
    assert response["data"]["accountCreate"] == {"account": {"crowd": None, "health": 4.0}, "userErrors": []}
    assert [error["path"] for error in response["errors"]] == [["accountCreate", "account", "crowd"]]
    assert len((await tenant.execute("{ accounts { nodes { id } } }"))["data"]["accounts"]["nodes"]) == 1


async def test_a_batch_field_is_computed_for_written_records(tenant: PluginTenant) -> None:
    response = await tenant.execute(
        """mutation { a: accountCreate(input: {name: "a", employees: 8}) { account { h: health } }
          b: accountCreate(input: {name: "b", employees: 666}) {
            one: account { health } account { health } } }"""
    )
    assert response["data"]["a"] == {"account": {"h": 4.0}}
    assert response["data"]["b"] == {"one": {"health": None}, "account": {"health": None}}
    assert [error["path"] for error in response["errors"]] == [
        ["b", "one", "health"],
        ["b", "account", "health"],
    ]


async def test_a_batch_field_is_computed_once_for_all_rows_of_a_bulk_upsert(tenant: PluginTenant) -> None:
    rows = [
        {"match": {"externalRef": {"system": "s", "id": str(n)}}, "name": "a", "employees": n}
        for n in range(5)
    ]
    response = await tenant.execute(BULK, rows=rows)
    results = response["data"]["accountsBulkUpsert"]["results"]
    assert [result["account"]["health"] for result in results] == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert [len(rows) for rows in calls] == [5]


async def test_a_tenant_that_has_not_enabled_the_plugin_is_rejected(
    tenant: PluginTenant, actor: Actor
) -> None:
    with pytest.raises(ForbiddenError, match="health belongs to the plugin desk, which is not enabled"):
        await PluginTenant(tenant.executor, actor).execute("{ accounts { nodes { health } } }")


async def test_the_code_cannot_write_during_a_query(
    tenant: PluginTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tenant.create()
    monkeypatch.setattr(computed_plugin, "mischief", "write")
    response = await tenant.execute("{ accounts { totalCount nodes { crowd } } }")
    again = await tenant.execute("{ accounts { totalCount } }")
    assert response["data"]["accounts"] == {"totalCount": 1, "nodes": [{"crowd": None}]}
    assert again["data"]["accounts"] == {"totalCount": 1}
