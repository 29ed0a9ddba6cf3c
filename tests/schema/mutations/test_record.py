"""Mutations write one record in one transaction, answer with it as it is, and give faults back as data."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.api_fixtures import Ask

from tenure_core.access.identity import Actor
from tenure_core.errors import ForbiddenError, RequestTooLargeError

CREATE = """
mutation ($input: AccountCreateInput!) {
  accountCreate(input: $input) { account { ...All } userErrors { code path message } }
}
fragment All on Account {
  id name kind lifecycleStage version tags attributes deletedAt
  annualRevenue { minorUnits currency }
  address { city country }
  parent { id name }
}
"""
UPDATE = """
mutation ($input: AccountUpdateInput!) {
  accountUpdate(input: $input) {
    account { name version tags annualRevenue { currency } parent { name } } userErrors { code path message }
  }
}
"""


async def create(ask: Ask, **values: Any) -> dict[str, Any]:
    payload = (await ask(CREATE, input={"name": "Acme", **values}))["data"]["accountCreate"]
    assert payload["userErrors"] == []
    return payload["account"]


async def test_a_new_record_has_what_was_given_and_the_defaults(ask: Ask) -> None:
    account = await create(ask, annualRevenue={"minorUnits": 5, "currency": "EUR"}, address={"city": "Bonn"})
    assert account["annualRevenue"] == {"minorUnits": 5, "currency": "EUR"}
    assert account["address"] == {"city": "Bonn", "country": None}
    assert (account["kind"], account["lifecycleStage"], account["version"]) == ("ORGANIZATION", "LEAD", 1)
    assert (account["tags"], account["attributes"], account["deletedAt"]) == ([], {}, None)


async def test_an_update_changes_what_is_given_and_nothing_else(ask: Ask) -> None:
    account = await create(ask, tags=["a"], annualRevenue={"minorUnits": 5, "currency": "EUR"})
    changed = (await ask(UPDATE, input={"id": account["id"], "name": "New", "annualRevenue": None}))["data"][
        "accountUpdate"
    ]
    assert changed["account"] == {
        "name": "New",
        "version": 2,
        "tags": ["a"],
        "annualRevenue": None,
        "parent": None,
    }


async def test_an_update_that_changes_nothing_leaves_the_version(ask: Ask) -> None:
    account = await create(ask)
    changed = (await ask(UPDATE, input={"id": account["id"], "name": "Acme"}))["data"]["accountUpdate"]
    assert (changed["account"]["version"], changed["userErrors"]) == (1, [])


async def test_a_deleted_record_is_gone_until_it_is_restored(ask: Ask) -> None:
    account = await create(ask)
    lookup = f'{{ account(id: "{account["id"]}") {{ name }} accounts {{ totalCount }} }}'
    deleted = await ask(
        "mutation ($i: AccountDeleteInput!) { accountDelete(input: $i) { account { deletedAt } } }",
        i={"id": account["id"]},
    )
    assert deleted["data"]["accountDelete"]["account"]["deletedAt"]
    assert await ask(lookup) == {"data": {"account": None, "accounts": {"totalCount": 0}}}
    shown = await ask("{ accounts(where: {deletedAt: {isNull: false}}) { nodes { name } } }")
    assert shown["data"]["accounts"]["nodes"] == [{"name": "Acme"}]
    await ask(
        "mutation ($i: AccountRestoreInput!) { accountRestore(input: $i) { account { id } } }",
        i={"id": account["id"]},
    )
    assert await ask(lookup) == {"data": {"account": {"name": "Acme"}, "accounts": {"totalCount": 1}}}


async def test_faults_come_back_as_data_with_their_places(ask: Ask) -> None:
    values = {"name": "a" * 201, "phone": "12", "parent": {"id": "0190f000-0000-7000-8000-000000000000"}}
    payload = (await ask(CREATE, input=values))["data"]["accountCreate"]
    assert payload["account"] is None
    assert {(error["code"], error["path"][1]) for error in payload["userErrors"]} >= {
        ("TOO_LONG", "name"),
        ("INVALID", "phone"),
    }
    assert all(error["message"] for error in payload["userErrors"])


async def test_aliases_name_the_parts_of_a_payload(ask: Ask) -> None:
    answer = await ask(
        'mutation { made: accountCreate(input: {name: "A"}) { it: account { called: name } __typename } }'
    )
    assert answer == {"data": {"made": {"it": {"called": "A"}, "__typename": "AccountCreatePayload"}}}


async def test_several_mutations_run_in_their_order(ask: Ask) -> None:
    names = " ".join(f'm{i}: accountCreate(input: {{name: "{i}"}}) {{ account {{ id }} }}' for i in range(3))
    made = (await ask(f"mutation {{ {names} }}"))["data"]
    ids = [made[f"m{i}"]["account"]["id"] for i in range(3)]
    assert ids == sorted(ids)


async def test_a_reader_reads_and_writes_nothing(ask: Ask, reader: Actor) -> None:
    with pytest.raises(ForbiddenError, match="may not write accounts"):
        await ask('mutation { accountCreate(input: {name: "A"}) { account { id } } }', as_=reader)
    assert await ask("{ accounts { totalCount } }", as_=reader) == {"data": {"accounts": {"totalCount": 0}}}


@pytest.mark.parametrize("entity", ["account", "contact", "activity"])
async def test_no_record_of_another_tenant_can_be_written(ask: Ask, other_actor: Actor, entity: str) -> None:
    values = {
        "account": {"name": "A"},
        "contact": {"lastName": "A"},
        "activity": {"kind": "NOTE", "occurredAt": "2026-01-01"},
    }
    name = entity.capitalize()
    made = await ask(
        f"mutation ($i: {name}CreateInput!) {{ {entity}Create(input: $i) {{ {entity} {{ id }} }} }}",
        as_=other_actor,
        i=values[entity],
    )
    identity = made["data"][f"{entity}Create"][entity]["id"]
    for verb in ("Update", "Delete", "Restore"):
        write = f"{entity}{verb}(input: $i) {{ {entity} {{ id }} userErrors {{ code }} }}"
        payload = await ask(f"mutation ($i: {name}{verb}Input!) {{ {write} }}", i={"id": identity})
        assert payload["data"][f"{entity}{verb}"] == {entity: None, "userErrors": [{"code": "NOT_FOUND"}]}


async def test_a_stale_version_is_refused_and_the_record_shown_as_it_is(ask: Ask) -> None:
    account = await create(ask)
    for verb in ("Update", "Delete", "Restore"):
        query = f"""mutation ($input: Account{verb}Input!) {{
          account{verb}(input: $input) {{
            status account {{ name version }} userErrors {{ code path }} }} }}"""
        answer = await ask(query, input={"id": account["id"], "expectedVersion": 7})
        assert answer["data"][f"account{verb}"] == {
            "status": "FAILED",
            "account": {"name": "Acme", "version": 1},
            "userErrors": [{"code": "STALE_VERSION", "path": ["input", "expectedVersion"]}],
        }


async def test_a_purge_tells_first_and_removes_then(ask: Ask) -> None:
    account = await create(ask)
    person = {"lastName": "Ada", "account": {"id": account["id"]}}
    await ask("mutation ($i: ContactCreateInput!) { contactCreate(input: $i) { status } }", i=person)
    query = """mutation ($input: AccountPurgeInput!) {
      accountPurge(input: $input) { purged { entity count } account { name } userErrors { code } } }"""
    counts = [{"entity": "Account", "count": 1}, {"entity": "Contact", "count": 1}]
    told = (await ask(query, input={"id": account["id"], "dryRun": True}))["data"]["accountPurge"]
    assert told == {"purged": counts, "account": {"name": "Acme"}, "userErrors": []}
    few = (await ask(query, input={"id": account["id"], "expectedCounts": counts[:1]}))["data"][
        "accountPurge"
    ]
    assert few["userErrors"] == [{"code": "COUNTS_DIFFER"}]
    gone = await ask(query, input={"id": account["id"], "expectedCounts": counts})
    assert gone["data"]["accountPurge"] == {"purged": counts, "account": None, "userErrors": []}
    found = await ask("{ accounts { totalCount } contacts { totalCount } }")
    assert found["data"] == {"accounts": {"totalCount": 0}, "contacts": {"totalCount": 0}}


async def test_what_is_asked_of_a_written_record_may_not_be_too_much(ask: Ask) -> None:
    nested = "contacts(first: 100) { nodes { activities(first: 100) { nodes { id } } } }"
    with pytest.raises(RequestTooLargeError):
        await ask(f'mutation {{ accountCreate(input: {{name: "A"}}) {{ account {{ {nested} }} }} }}')
    found = await ask("{ accounts { totalCount } }")
    assert found["data"]["accounts"]["totalCount"] == 0


async def test_a_mutation_names_its_types(ask: Ask) -> None:
    answer = await ask(
        """mutation { __typename accountCreate(input: {name: " "}) {
          __typename account { __typename } userErrors { __typename code } } }"""
    )
    assert answer["data"] == {
        "__typename": "Mutation",
        "accountCreate": {
            "__typename": "AccountCreatePayload",
            "account": None,
            "userErrors": [{"__typename": "UserError", "code": "REQUIRED"}],
        },
    }
