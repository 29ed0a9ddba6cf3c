"""Root fields of plugins: Strawberry resolvers in the platform's transactions and limits."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from tests.support import computed_plugin
from tests.support.computed_plugin_tenant import RENAME, PluginTenant

from tenure_core.access.identity import Actor, Role
from tenure_core.errors import ForbiddenError
from tenure_schema.operations.executor import Executor


@pytest.mark.parametrize("field", ["deskBroken", "deskBadSql", "deskMistake { id }", "deskWrite"])
async def test_a_failed_resolver_is_null_with_a_redacted_error(tenant: PluginTenant, field: str) -> None:
    await tenant.create()
    response = await tenant.execute(
        f"{{ x: {field} accounts {{ totalCount }} deskAccounts(names: []) {{ id }} }}"
    )
    assert response["data"] == {"x": None, "accounts": {"totalCount": 1}, "deskAccounts": []}
    [error] = response["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["x"], "PLUGIN_FAILED")
    assert "the plugin desk failed" in error["message"]
    assert "secret" not in str(response)


async def test_a_tenure_error_of_a_resolver_is_returned_unchanged(tenant: PluginTenant) -> None:
    [error] = (await tenant.execute("{ deskBroken(aloud: true) }"))["errors"]
    assert error["message"] == "The volume is too high. Reduce it."
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_failed_nested_resolver_does_not_affect_its_siblings(tenant: PluginTenant) -> None:
    account = await tenant.create(name="a")
    response = await tenant.execute(
        """query ($ids: [ID!]!) {
          deskPiles(ids: $ids, times: {first: "2026-01-01"}) { broken owner account { name } }
        }""",
        ids=[account],
    )
    assert response["data"]["deskPiles"] == [{"broken": None, "owner": "a", "account": {"name": "a"}}]
    assert [error["path"] for error in response["errors"]] == [["deskPiles", 0, "broken"]]


async def test_a_tenant_that_has_not_enabled_the_plugin_is_rejected(
    plugin_executor: Executor, actor: Actor
) -> None:
    for query in ("{ deskBroken }", 'mutation { deskRename(input: {id: "", name: ""}) { done } }'):
        with pytest.raises(ForbiddenError, match="belongs to the plugin desk, which is not enabled"):
            await PluginTenant(plugin_executor, actor).execute(query)


async def test_permissions_are_checked_before_anything_is_executed(tenant: PluginTenant) -> None:
    account = await tenant.create()
    stranger = PluginTenant(tenant.executor, replace(tenant.actor, role="nobody"))
    before = computed_plugin.renamings
    with pytest.raises(ForbiddenError, match="may not read accounts"):
        await stranger.execute(RENAME, id=account, name="b")
    with pytest.raises(ForbiddenError, match="may not read accounts"):
        await stranger.execute("{ deskAccounts(names: []) { id } }")
    assert computed_plugin.renamings == before


async def test_a_mutation_returns_the_written_record(tenant: PluginTenant) -> None:
    account = await tenant.create(name="a")
    response = await tenant.execute(RENAME, id=account, name="b")
    payload = response["data"]["deskRename"]
    assert payload["account"] == {"name": "b", "version": 2}
    assert payload["userErrors"] == []
    assert payload["again"] is False


async def test_mutations_of_plugins_and_of_the_platform_run_in_order(tenant: PluginTenant) -> None:
    account = await tenant.create(name="a")
    rename = 'deskRename(input: {id: "%s", name: "%s"}) { account { version name } }'
    update = 'accountUpdate(input: {id: "%s", name: "%s"}) { account { version name } }'
    response = await tenant.execute(
        "mutation { "
        f"a: {rename % (account, '1')} b: {update % (account, '2')} c: {rename % (account, '3')} "
        "__typename }"
    )
    assert list(response["data"]) == ["a", "b", "c", "__typename"]
    assert [response["data"][key]["account"] for key in "abc"] == [
        {"version": 2, "name": "1"},
        {"version": 3, "name": "2"},
        {"version": 4, "name": "3"},
    ]


async def test_a_failed_mutation_is_rolled_back(tenant: PluginTenant) -> None:
    account = await tenant.create(name="a")
    response = await tenant.execute(RENAME, id=account, name="broken")
    assert response["data"] == {"deskRename": None}
    assert response["errors"][0]["extensions"]["code"] == "PLUGIN_FAILED"
    assert await tenant.account_names() == ["a"]


@pytest.mark.parametrize("way", ["header", "input"])
async def test_an_idempotency_key_is_executed_once(tenant: PluginTenant, way: str) -> None:
    account, key = await tenant.create(name="a"), str(uuid.uuid4())

    async def send(name: str = "b") -> Any:
        if way == "header":
            return await tenant.execute(RENAME, key, id=account, name=name)
        return await tenant.execute(RENAME, id=account, name=name, **{"key": key})

    first = (await send())["data"]["deskRename"]
    second = (await send())["data"]["deskRename"]
    assert second == {**first, "again": True}
    other = await send("c")
    assert other["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert second["account"] == {"name": "b", "version": 2}


async def test_a_rejected_mutation_releases_its_key(tenant: PluginTenant) -> None:
    account, key = await tenant.create(name="a"), str(uuid.uuid4())
    for _ in range(2):
        response = await tenant.execute(RENAME, key, id=account, name="forbidden")
        assert response["data"]["deskRename"]["again"] is None
        assert response["data"]["deskRename"]["userErrors"]


async def test_readers_can_query_root_fields_of_plugins(tenant: PluginTenant) -> None:
    account = await tenant.create(name="a")
    reader = PluginTenant(tenant.executor, replace(tenant.actor, role=Role.READER))
    response = await reader.execute('{ deskAccounts(names: ["a"]) { id } }')
    assert response["data"]["deskAccounts"] == [{"id": account}]
