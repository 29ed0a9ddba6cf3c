"""Root fields of plugins: plain Strawberry beside the platform's own, in its transactions and its limits."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from tests.journeys.test_count_statements import executed  # noqa: F401  # a fixture
from tests.support import computed_plugin
from tests.support.computed_plugin_tenant import Desk

from tenure_core.access.identity import Actor, Role
from tenure_core.errors import ForbiddenError, RequestTooLargeError
from tenure_schema.operations.executor import Executor

RENAME = """mutation ($id: ID!, $name: String!, $key: String) {
  deskRename(input: {id: $id, name: $name, idempotencyKey: $key}) {
    done again: replayed account { name version } userErrors { code path message }
  }
}"""


async def names(tenant: Desk) -> list[str]:
    found = await tenant.ask("{ accounts { nodes { name } } }")
    return [account["name"] for account in found["data"]["accounts"]["nodes"]]


async def test_records_that_a_resolver_refers_to_are_read_with_all_that_is_asked_of_them(
    tenant: Desk,
) -> None:
    account = await tenant.create(name="a", employees=4)
    await tenant.create(name="b")
    await tenant.contact(account)
    found = await tenant.both_ways(
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
    assert found == {
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


PILES = """query ($ids: [ID!]!) {
  deskPiles(ids: $ids, times: {first: "2026-01-01T00:00:00Z", more: ["2026-02-01T01:00:00+01:00"]}) {
    title since owner people account { name contacts { totalCount } } again: account { id }
  }
}"""


async def test_what_nested_types_refer_to_and_load_takes_one_statement_for_all(
    tenant: Desk,
    executed: list[str],  # noqa: F811
) -> None:
    ids = [await tenant.create(name=str(number)) for number in range(4)]
    await tenant.contact(ids[1])
    executed.clear()
    found = await tenant.ask(PILES, ids=ids[:1])
    one = len(executed)
    executed.clear()
    found = await tenant.ask(PILES, ids=ids)
    assert len(executed) == one
    piles = found["data"]["deskPiles"]
    assert [pile["owner"] for pile in piles] == ["0", "1", "2", "3"]
    assert [pile["people"] for pile in piles] == [0, 1, 0, 0]
    assert [pile["account"] for pile in piles][:2] == [
        {"name": "0", "contacts": {"totalCount": 0}},
        {"name": "1", "contacts": {"totalCount": 1}},
    ]
    assert [pile["again"]["id"] for pile in piles] == ids
    assert {pile["since"] for pile in piles} == {"2026-02-01T00:00:00+00:00"}


async def test_a_time_that_is_none_is_the_clients_fault(tenant: Desk) -> None:
    query = '{ deskPiles(ids: [], times: {first: "yesterday"}) { title } }'
    [error] = (await tenant.ask(query))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "'yesterday' is not a time" in error["message"]


@pytest.mark.parametrize("field", ["deskBroken", "deskBadSql", "deskMistake { id }", "deskWrite"])
async def test_a_resolver_that_fails_leaves_null_and_an_error_without_its_secrets(
    tenant: Desk, field: str
) -> None:
    await tenant.create()
    found = await tenant.ask(f"{{ x: {field} accounts {{ totalCount }} deskAccounts(names: []) {{ id }} }}")
    assert found["data"] == {"x": None, "accounts": {"totalCount": 1}, "deskAccounts": []}
    [error] = found["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["x"], "PLUGIN_FAILED")
    assert "the plugin desk failed" in error["message"]
    assert "secret" not in str(found)


async def test_what_a_resolver_raises_for_clients_reaches_them(tenant: Desk) -> None:
    [error] = (await tenant.ask("{ deskBroken(aloud: true) }"))["errors"]
    assert error["message"] == "Too loud. Whisper."
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_nested_resolver_that_fails_leaves_its_siblings_alone(tenant: Desk) -> None:
    account = await tenant.create(name="a")
    found = await tenant.ask(
        """query ($ids: [ID!]!) {
          deskPiles(ids: $ids, times: {first: "2026-01-01"}) { broken owner account { name } }
        }""",
        ids=[account],
    )
    assert found["data"]["deskPiles"] == [{"broken": None, "owner": "a", "account": {"name": "a"}}]
    assert [error["path"] for error in found["errors"]] == [["deskPiles", 0, "broken"]]


async def test_what_the_code_of_a_field_fails_in_is_an_error_at_the_record_referred_to(tenant: Desk) -> None:
    await tenant.create(name="a", employees=666)
    found = await tenant.ask('{ deskAccounts(names: ["a"]) { name health } }')
    assert found["data"]["deskAccounts"] == [{"name": "a", "health": None}]
    assert [error["path"] for error in found["errors"]] == [["deskAccounts", 0, "health"]]


async def test_a_tenant_that_has_not_enabled_the_plugin_is_refused(
    desk_execution: Executor, actor: Actor
) -> None:
    for query in ("{ deskBroken }", 'mutation { deskRename(input: {id: "", name: ""}) { done } }'):
        with pytest.raises(ForbiddenError, match="belongs to the plugin desk, which is not enabled"):
            await Desk(desk_execution, actor).ask(query)


async def test_records_that_the_actor_may_not_read_are_refused_before_anything_is_done(tenant: Desk) -> None:
    account = await tenant.create()
    stranger = Desk(tenant.execution, replace(tenant.actor, role="nobody"))
    before = computed_plugin.renamings
    with pytest.raises(ForbiddenError, match="may not read accounts"):
        await stranger.ask(RENAME, id=account, name="b")
    with pytest.raises(ForbiddenError, match="may not read accounts"):
        await stranger.ask("{ deskAccounts(names: []) { id } }")
    assert computed_plugin.renamings == before


async def test_another_tenants_records_are_not_there(tenant: Desk, other_actor: Actor) -> None:
    account = await tenant.create(name="a")
    stranger = Desk(tenant.execution, replace(other_actor, plugins=frozenset((computed_plugin.NAME,))))
    found = await stranger.ask(
        'query ($id: ID!) { deskAccount(id: $id) { id } deskAccounts(names: ["a"]) { id } }', id=account
    )
    assert found == {"data": {"deskAccount": None, "deskAccounts": []}}


async def test_a_deleted_record_is_not_there(tenant: Desk) -> None:
    account = await tenant.create(name="a")
    await tenant.ask(f'mutation {{ accountDelete(input: {{id: "{account}"}}) {{ status }} }}')
    found = await tenant.ask(
        'query ($id: ID!) { deskAccount(id: $id) { id } deskAccounts(names: ["a"]) { id } }', id=account
    )
    assert found == {"data": {"deskAccount": None, "deskAccounts": []}}


async def test_what_is_asked_of_referred_records_counts_among_the_cost(tenant: Desk) -> None:
    deep = "contacts(first: 100) { nodes { activities(first: 100) { nodes { id } } } }"
    with pytest.raises(RequestTooLargeError, match="may bring"):
        await tenant.ask(f"{{ deskAccounts(names: []) {{ {deep} }} }}")
    ids = [await tenant.create(name="a") for _ in range(3)]
    assert len(ids) == 3
    broad = "contacts(first: 40) { nodes { activities(first: 40) { nodes { id } } } }"
    found = await tenant.ask(f'{{ deskAccounts(names: ["a"]) {{ {broad} }} }}')
    assert found["data"] is None
    assert [error["extensions"]["code"] for error in found["errors"]] == ["REQUEST_TOO_LARGE"]


async def test_a_mutation_of_a_plugin_writes_and_shows_what_it_has_written(tenant: Desk) -> None:
    account = await tenant.create(name="a")
    found = await tenant.ask(RENAME, id=account, name="b")
    payload = found["data"]["deskRename"]
    assert payload["account"] == {"name": "b", "version": 2}
    assert payload["userErrors"] == []
    assert payload["again"] is False


async def test_mutations_of_plugins_and_of_the_platform_run_in_their_order(tenant: Desk) -> None:
    account = await tenant.create(name="a")
    rename = 'deskRename(input: {id: "%s", name: "%s"}) { account { version name } }'
    update = 'accountUpdate(input: {id: "%s", name: "%s"}) { account { version name } }'
    found = await tenant.ask(
        "mutation { "
        f"a: {rename % (account, '1')} b: {update % (account, '2')} c: {rename % (account, '3')} "
        "__typename }"
    )
    assert list(found["data"]) == ["a", "b", "c", "__typename"]
    assert [found["data"][key]["account"] for key in "abc"] == [
        {"version": 2, "name": "1"},
        {"version": 3, "name": "2"},
        {"version": 4, "name": "3"},
    ]


async def test_a_refusal_writes_nothing_and_says_why(tenant: Desk) -> None:
    account = await tenant.create(name="a")
    found = await tenant.ask(RENAME, id=account, name="forbidden")
    assert found["data"]["deskRename"]["userErrors"] == [
        {"code": "INVALID", "path": ["input", "name"], "message": "nobody is called that"}
    ]
    assert found["data"]["deskRename"]["account"] is None
    assert "errors" not in found
    assert await names(tenant) == ["a"]


async def test_a_mutation_that_fails_writes_nothing(tenant: Desk) -> None:
    account = await tenant.create(name="a")
    found = await tenant.ask(RENAME, id=account, name="broken")
    assert found["data"] == {"deskRename": None}
    assert found["errors"][0]["extensions"]["code"] == "PLUGIN_FAILED"
    assert await names(tenant) == ["a"]


@pytest.mark.parametrize("part", ["broken", "brokenSql"])
async def test_what_goes_wrong_in_the_answer_undoes_nothing(tenant: Desk, part: str) -> None:
    account = await tenant.create(name="a")
    found = await tenant.ask(
        f'mutation {{ deskRename(input: {{id: "{account}", name: "b"}}) {{ {part} userErrors {{ code }} }} }}'
    )
    assert found["data"] == {"deskRename": {part: None, "userErrors": []}}
    assert [error["path"] for error in found["errors"]] == [["deskRename", part]]
    assert await names(tenant) == ["b"]


@pytest.mark.parametrize("way", ["header", "input"])
async def test_a_mutation_that_is_sent_again_is_done_once(tenant: Desk, way: str) -> None:
    account, key = await tenant.create(name="a"), str(uuid.uuid4())

    async def send(name: str = "b") -> Any:
        if way == "header":
            return await tenant.ask(RENAME, key, id=account, name=name)
        return await tenant.ask(RENAME, id=account, name=name, **{"key": key})

    first = (await send())["data"]["deskRename"]
    second = (await send())["data"]["deskRename"]
    assert second == {**first, "again": True}
    other = await send("c")
    assert other["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert second["account"] == {"name": "b", "version": 2}


async def test_a_refused_mutation_gives_its_key_back(tenant: Desk) -> None:
    account, key = await tenant.create(name="a"), str(uuid.uuid4())
    for _ in range(2):
        found = await tenant.ask(RENAME, key, id=account, name="forbidden")
        assert found["data"]["deskRename"]["again"] is None
        assert found["data"]["deskRename"]["userErrors"]


async def test_readers_are_answered_as_administrators_are(tenant: Desk) -> None:
    account = await tenant.create(name="a")
    reader = Desk(tenant.execution, replace(tenant.actor, role=Role.READER))
    found = await reader.ask('{ deskAccounts(names: ["a"]) { id } }')
    assert found["data"]["deskAccounts"] == [{"id": account}]
