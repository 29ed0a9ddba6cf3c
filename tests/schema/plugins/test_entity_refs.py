"""EntityRefs that resolvers return resolve to the selected fields of records."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support import computed_plugin
from tests.support.computed_plugin_tenant import PluginTenant

from tenure_core.access.identity import Actor
from tenure_core.errors import RequestTooLargeError


async def test_entity_refs_resolve_to_the_selected_fields(
    tenant: PluginTenant,
) -> None:
    account = await tenant.create(name="a", employees=4)
    await tenant.create(name="b")
    await tenant.contact(account)
    response = await tenant.execute_both_ways(
        """query ($names: [String!]!, $id: ID!) {
          deskAccounts(names: $names) {
            n: name __typename health contacts(first: 1) { nodes { lastName account { name } } }
          }
          one: deskAccount(id: $id) { ...on Node { id } twice }
          gone: deskAccount(id: "01900000-0000-7000-8000-ffffffffffff") { id }
          accounts { totalCount }
        }""",
        names=["a", "b"],
        id=account,
    )
    contacts = {"nodes": [{"lastName": "Lovelace", "account": {"name": "a"}}]}
    assert response == {
        "data": {
            "deskAccounts": [
                {"n": "a", "__typename": "Account", "health": 2.0, "contacts": contacts},
                {"n": "b", "__typename": "Account", "health": 0.0, "contacts": {"nodes": []}},
            ],
            "one": {"id": account, "twice": 8},
            "gone": None,
            "accounts": {"totalCount": 2},
        }
    }


async def test_a_failed_batch_field_is_an_error_at_the_entity_ref(tenant: PluginTenant) -> None:
    await tenant.create(name="a", employees=666)
    response = await tenant.execute('{ deskAccounts(names: ["a"]) { name health } }')
    assert response["data"]["deskAccounts"] == [{"name": "a", "health": None}]
    assert [error["path"] for error in response["errors"]] == [["deskAccounts", 0, "health"]]


async def test_entity_refs_of_another_tenant_are_null(tenant: PluginTenant, other_actor: Actor) -> None:
    account = await tenant.create(name="a")
    stranger = PluginTenant(tenant.executor, replace(other_actor, plugins=frozenset((computed_plugin.NAME,))))
    response = await stranger.execute(
        'query ($id: ID!) { deskAccount(id: $id) { id } deskAccounts(names: ["a"]) { id } }', id=account
    )
    assert response == {"data": {"deskAccount": None, "deskAccounts": []}}


async def test_entity_refs_of_deleted_records_are_null(tenant: PluginTenant) -> None:
    account = await tenant.create(name="a")
    await tenant.execute(f'mutation {{ accountDelete(input: {{id: "{account}"}}) {{ status }} }}')
    response = await tenant.execute(
        'query ($id: ID!) { deskAccount(id: $id) { id } deskAccounts(names: ["a"]) { id } }', id=account
    )
    assert response == {"data": {"deskAccount": None, "deskAccounts": []}}


async def test_the_selected_fields_of_entity_refs_count_towards_the_cost(tenant: PluginTenant) -> None:
    deep = "contacts(first: 100) { nodes { activities(first: 100) { nodes { id } } } }"
    with pytest.raises(RequestTooLargeError, match="may return"):
        await tenant.execute(f"{{ deskAccounts(names: []) {{ {deep} }} }}")
    ids = [await tenant.create(name="a") for _ in range(3)]
    assert len(ids) == 3
    broad = "contacts(first: 40) { nodes { activities(first: 40) { nodes { id } } } }"
    response = await tenant.execute(f'{{ deskAccounts(names: ["a"]) {{ {broad} }} }}')
    assert response["data"] is None
    assert [error["extensions"]["code"] for error in response["errors"]] == ["REQUEST_TOO_LARGE"]
