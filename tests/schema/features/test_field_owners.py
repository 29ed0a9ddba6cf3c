"""Field ownership: a field with an owner can be written only by that system."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.api_fixtures import Execute

from tenure_core.access.identity import Actor
from tenure_core.errors import ForbiddenError

SET = """mutation ($input: FieldOwnerSetInput!) {
  fieldOwnerSet(input: $input) { fieldOwner { entity field system policy } userErrors { code path } } }"""
UPDATE = """mutation ($input: AccountUpdateInput!) {
  accountUpdate(input: $input) { status account { name employees } userErrors { code path } } }"""
REPLACE = """mutation ($input: AccountUpsertInput!) {
  accountUpsert(input: $input) { status account { name industry employees } userErrors { code path } } }"""


async def set_owner(execute: Execute, **sent: Any) -> dict[str, Any]:
    payload = (
        await execute(SET, input={"entity": "Account", "field": "employees", "system": "erp", **sent})
    )["data"]
    result: dict[str, Any] = payload["fieldOwnerSet"]
    return result


async def create_account(execute: Execute) -> str:
    created = await execute('mutation { accountCreate(input: {name: "A"}) { account { id } } }')
    return str(created["data"]["accountCreate"]["account"]["id"])


@pytest.fixture
def erp(actor: Actor) -> Actor:
    return replace(actor, origin="erp")


async def test_a_write_of_another_system_is_rejected(execute: Execute, erp: Actor) -> None:
    identity = await create_account(execute)
    assert (await set_owner(execute))["fieldOwner"]["policy"] == "REJECT"
    sent = {"id": identity, "name": "B", "employees": 5}
    rejected = (await execute(UPDATE, input=sent))["data"]["accountUpdate"]
    assert rejected["userErrors"] == [{"code": "FIELD_OWNED", "path": ["input", "employees"]}]
    assert rejected["account"] is None
    written = (await execute(UPDATE, as_=erp, input=sent))["data"]["accountUpdate"]
    assert written["account"] == {"name": "B", "employees": 5}


async def test_with_the_policy_ignore_the_row_is_written_without_the_field(
    execute: Execute, erp: Actor
) -> None:
    identity = await create_account(execute)
    await set_owner(execute, policy="IGNORE")
    sent = {"id": identity, "name": "B", "employees": 5}
    written = (await execute(UPDATE, input=sent))["data"]["accountUpdate"]
    assert written == {
        "status": "UPDATED",
        "account": {"name": "B", "employees": None},
        "userErrors": [{"code": "FIELD_IGNORED", "path": ["input", "employees"]}],
    }


async def test_creates_and_upserts_respect_owners(execute: Execute) -> None:
    await set_owner(execute)
    created = await execute(
        'mutation { accountCreate(input: {name: "A", employees: 1}) { userErrors { code } } }'
    )
    assert created["data"]["accountCreate"]["userErrors"] == [{"code": "FIELD_OWNED"}]
    match = {"externalRef": {"system": "crm", "id": "1"}}
    row = (await execute(REPLACE, input={"match": match, "name": "A", "employees": 1}))["data"][
        "accountUpsert"
    ]
    assert row["userErrors"] == [{"code": "FIELD_OWNED", "path": ["input", "employees"]}]


async def test_replace_does_not_clear_fields_of_other_systems(execute: Execute, erp: Actor) -> None:
    match = {"externalRef": {"system": "erp", "id": "1"}}
    await execute(REPLACE, as_=erp, input={"match": match, "name": "A", "industry": "x", "employees": 5})
    await set_owner(execute)
    replaced = await execute(REPLACE, input={"match": match, "name": "B", "onConflict": "REPLACE"})
    assert replaced["data"]["accountUpsert"]["account"] == {"name": "B", "industry": None, "employees": 5}


async def test_owners_can_be_listed_changed_and_removed(execute: Execute, other_actor: Actor) -> None:
    await set_owner(execute)
    await set_owner(execute, system="crm", policy="IGNORE")
    await set_owner(execute, entity="Contact", field="account")
    listed = "{ fieldOwners { entity field system policy } }"
    assert (await execute(listed))["data"]["fieldOwners"] == [
        {"entity": "Account", "field": "employees", "system": "crm", "policy": "IGNORE"},
        {"entity": "Contact", "field": "account", "system": "erp", "policy": "REJECT"},
    ]
    assert (await execute(listed, as_=other_actor))["data"]["fieldOwners"] == []
    remove = """mutation { fieldOwnerRemove(input: {entity: "Account", field: "employees"}) {
      fieldOwner { system } userErrors { code } } }"""
    removed = {"fieldOwner": {"system": "crm"}, "userErrors": []}
    assert (await execute(remove))["data"]["fieldOwnerRemove"] == removed
    assert (await execute(remove))["data"]["fieldOwnerRemove"] == {"fieldOwner": None, "userErrors": []}
    assert len((await execute(listed))["data"]["fieldOwners"]) == 1


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"entity": "Invoice"}, "entity"),
        ({"field": "version"}, "field"),
        ({"field": "contacts"}, "field"),
        ({"system": " "}, "system"),
    ],
)
async def test_only_writable_fields_can_have_owners(
    execute: Execute, sent: dict[str, str], path: str
) -> None:
    payload = await set_owner(execute, **sent)
    assert [error["path"] for error in payload["userErrors"]] == [["input", path]]


async def test_a_reader_cannot_set_owners(execute: Execute, reader: Actor) -> None:
    with pytest.raises(ForbiddenError):
        await execute(SET, as_=reader, input={"entity": "Account", "field": "name", "system": "x"})
