"""Mutations of one record: they return the written record, and expected failures as user errors."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.api_fixtures import Execute

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


async def create(execute: Execute, **values: Any) -> dict[str, Any]:
    payload = (await execute(CREATE, input={"name": "Acme", **values}))["data"]["accountCreate"]
    assert payload["userErrors"] == []
    return payload["account"]


async def test_a_new_record_has_the_given_values_and_the_defaults(execute: Execute) -> None:
    account = await create(
        execute, annualRevenue={"minorUnits": 5, "currency": "EUR"}, address={"city": "Bonn"}
    )
    assert account["annualRevenue"] == {"minorUnits": 5, "currency": "EUR"}
    assert account["address"] == {"city": "Bonn", "country": None}
    assert (account["kind"], account["lifecycleStage"], account["version"]) == ("ORGANIZATION", "LEAD", 1)
    assert (account["tags"], account["attributes"], account["deletedAt"]) == ([], {}, None)


async def test_an_update_changes_only_the_given_fields(execute: Execute) -> None:
    account = await create(execute, tags=["a"], annualRevenue={"minorUnits": 5, "currency": "EUR"})
    updated = (await execute(UPDATE, input={"id": account["id"], "name": "New", "annualRevenue": None}))[
        "data"
    ]["accountUpdate"]
    assert updated["account"] == {
        "name": "New",
        "version": 2,
        "tags": ["a"],
        "annualRevenue": None,
        "parent": None,
    }


async def test_an_update_without_changes_keeps_the_version(execute: Execute) -> None:
    account = await create(execute)
    updated = (await execute(UPDATE, input={"id": account["id"], "name": "Acme"}))["data"]["accountUpdate"]
    assert (updated["account"]["version"], updated["userErrors"]) == (1, [])


async def test_a_deleted_record_is_excluded_until_it_is_restored(execute: Execute) -> None:
    account = await create(execute)
    lookup = f'{{ account(id: "{account["id"]}") {{ name }} accounts {{ totalCount }} }}'
    deleted = await execute(
        "mutation ($i: AccountDeleteInput!) { accountDelete(input: $i) { account { deletedAt } } }",
        i={"id": account["id"]},
    )
    assert deleted["data"]["accountDelete"]["account"]["deletedAt"]
    assert await execute(lookup) == {"data": {"account": None, "accounts": {"totalCount": 0}}}
    listed = await execute("{ accounts(where: {deletedAt: {isNull: false}}) { nodes { name } } }")
    assert listed["data"]["accounts"]["nodes"] == [{"name": "Acme"}]
    await execute(
        "mutation ($i: AccountRestoreInput!) { accountRestore(input: $i) { account { id } } }",
        i={"id": account["id"]},
    )
    assert await execute(lookup) == {"data": {"account": {"name": "Acme"}, "accounts": {"totalCount": 1}}}


async def test_invalid_values_are_user_errors_with_paths(execute: Execute) -> None:
    values = {"name": "a" * 201, "phone": "12", "parent": {"id": "0190f000-0000-7000-8000-000000000000"}}
    payload = (await execute(CREATE, input=values))["data"]["accountCreate"]
    assert payload["account"] is None
    assert {(error["code"], error["path"][1]) for error in payload["userErrors"]} >= {
        ("TOO_LONG", "name"),
        ("INVALID", "phone"),
    }
    assert all(error["message"] for error in payload["userErrors"])


async def test_payload_fields_can_have_aliases(execute: Execute) -> None:
    answer = await execute(
        'mutation { created: accountCreate(input: {name: "A"}) { it: account { called: name } __typename } }'
    )
    assert answer == {"data": {"created": {"it": {"called": "A"}, "__typename": "AccountCreatePayload"}}}


async def test_mutations_run_in_order(execute: Execute) -> None:
    names = " ".join(f'm{i}: accountCreate(input: {{name: "{i}"}}) {{ account {{ id }} }}' for i in range(3))
    created = (await execute(f"mutation {{ {names} }}"))["data"]
    ids = [created[f"m{i}"]["account"]["id"] for i in range(3)]
    assert ids == sorted(ids)


async def test_a_reader_cannot_write(execute: Execute, reader: Actor) -> None:
    with pytest.raises(ForbiddenError, match="may not write accounts"):
        await execute('mutation { accountCreate(input: {name: "A"}) { account { id } } }', as_=reader)
    assert await execute("{ accounts { totalCount } }", as_=reader) == {
        "data": {"accounts": {"totalCount": 0}}
    }


@pytest.mark.parametrize("entity", ["account", "contact", "activity"])
async def test_records_of_another_tenant_cannot_be_written(
    execute: Execute, other_actor: Actor, entity: str
) -> None:
    values = {
        "account": {"name": "A"},
        "contact": {"lastName": "A"},
        "activity": {"kind": "NOTE", "occurredAt": "2026-01-01"},
    }
    name = entity.capitalize()
    created = await execute(
        f"mutation ($i: {name}CreateInput!) {{ {entity}Create(input: $i) {{ {entity} {{ id }} }} }}",
        as_=other_actor,
        i=values[entity],
    )
    identity = created["data"][f"{entity}Create"][entity]["id"]
    for verb in ("Update", "Delete", "Restore"):
        write = f"{entity}{verb}(input: $i) {{ {entity} {{ id }} userErrors {{ code }} }}"
        payload = await execute(f"mutation ($i: {name}{verb}Input!) {{ {write} }}", i={"id": identity})
        assert payload["data"][f"{entity}{verb}"] == {entity: None, "userErrors": [{"code": "NOT_FOUND"}]}


async def test_a_stale_version_is_rejected_with_the_current_record(execute: Execute) -> None:
    account = await create(execute)
    for verb in ("Update", "Delete", "Restore"):
        query = f"""mutation ($input: Account{verb}Input!) {{
          account{verb}(input: $input) {{
            status account {{ name version }} userErrors {{ code path }} }} }}"""
        answer = await execute(query, input={"id": account["id"], "expectedVersion": 7})
        assert answer["data"][f"account{verb}"] == {
            "status": "FAILED",
            "account": {"name": "Acme", "version": 1},
            "userErrors": [{"code": "STALE_VERSION", "path": ["input", "expectedVersion"]}],
        }


async def test_a_purge_counts_in_a_dry_run_and_deletes_otherwise(execute: Execute) -> None:
    account = await create(execute)
    person = {"lastName": "Ada", "account": {"id": account["id"]}}
    await execute("mutation ($i: ContactCreateInput!) { contactCreate(input: $i) { status } }", i=person)
    query = """mutation ($input: AccountPurgeInput!) {
      accountPurge(input: $input) { purged { entity count } account { name } userErrors { code } } }"""
    counts = [{"entity": "Account", "count": 1}, {"entity": "Contact", "count": 1}]
    preview = (await execute(query, input={"id": account["id"], "dryRun": True}))["data"]["accountPurge"]
    assert preview == {"purged": counts, "account": {"name": "Acme"}, "userErrors": []}
    rejected = (await execute(query, input={"id": account["id"], "expectedCounts": counts[:1]}))["data"][
        "accountPurge"
    ]
    assert rejected["userErrors"] == [{"code": "COUNTS_DIFFER"}]
    purged = await execute(query, input={"id": account["id"], "expectedCounts": counts})
    assert purged["data"]["accountPurge"] == {"purged": counts, "account": None, "userErrors": []}
    response = await execute("{ accounts { totalCount } contacts { totalCount } }")
    assert response["data"] == {"accounts": {"totalCount": 0}, "contacts": {"totalCount": 0}}


async def test_the_cost_of_the_returned_record_is_limited(execute: Execute) -> None:
    nested = "contacts(first: 100) { nodes { activities(first: 100) { nodes { id } } } }"
    with pytest.raises(RequestTooLargeError):
        await execute(f'mutation {{ accountCreate(input: {{name: "A"}}) {{ account {{ {nested} }} }} }}')
    response = await execute("{ accounts { totalCount } }")
    assert response["data"]["accounts"]["totalCount"] == 0


async def test_payloads_have_type_names(execute: Execute) -> None:
    answer = await execute(
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
