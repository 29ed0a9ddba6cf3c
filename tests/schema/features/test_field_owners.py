"""Field owners: what belongs to one system, others can't write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.api_fixtures import Ask

from tenure_core.access.identity import Actor
from tenure_core.errors import ForbiddenError

SET = """mutation ($input: FieldOwnerSetInput!) {
  fieldOwnerSet(input: $input) { fieldOwner { entity field system policy } userErrors { code path } } }"""
UPDATE = """mutation ($input: AccountUpdateInput!) {
  accountUpdate(input: $input) { status account { name employees } userErrors { code path } } }"""
REPLACE = """mutation ($input: AccountUpsertInput!) {
  accountUpsert(input: $input) { status account { name industry employees } userErrors { code path } } }"""


async def own(ask: Ask, **sent: Any) -> dict[str, Any]:
    payload = (await ask(SET, input={"entity": "Account", "field": "employees", "system": "erp", **sent}))[
        "data"
    ]
    found: dict[str, Any] = payload["fieldOwnerSet"]
    return found


async def account(ask: Ask) -> str:
    made = await ask('mutation { accountCreate(input: {name: "A"}) { account { id } } }')
    return str(made["data"]["accountCreate"]["account"]["id"])


@pytest.fixture
def erp(actor: Actor) -> Actor:
    return replace(actor, origin="erp")


async def test_anothers_value_is_refused(ask: Ask, erp: Actor) -> None:
    identity = await account(ask)
    assert (await own(ask))["fieldOwner"]["policy"] == "REJECT"
    sent = {"id": identity, "name": "B", "employees": 5}
    refused = (await ask(UPDATE, input=sent))["data"]["accountUpdate"]
    assert refused["userErrors"] == [{"code": "FIELD_OWNED", "path": ["input", "employees"]}]
    assert refused["account"] is None
    written = (await ask(UPDATE, as_=erp, input=sent))["data"]["accountUpdate"]
    assert written["account"] == {"name": "B", "employees": 5}


async def test_anothers_value_is_left_out_where_the_policy_says_so(ask: Ask, erp: Actor) -> None:
    identity = await account(ask)
    await own(ask, policy="IGNORE")
    sent = {"id": identity, "name": "B", "employees": 5}
    written = (await ask(UPDATE, input=sent))["data"]["accountUpdate"]
    assert written == {
        "status": "UPDATED",
        "account": {"name": "B", "employees": None},
        "userErrors": [{"code": "FIELD_IGNORED", "path": ["input", "employees"]}],
    }


async def test_a_new_record_and_a_row_keep_to_it_too(ask: Ask) -> None:
    await own(ask)
    made = await ask('mutation { accountCreate(input: {name: "A", employees: 1}) { userErrors { code } } }')
    assert made["data"]["accountCreate"]["userErrors"] == [{"code": "FIELD_OWNED"}]
    match = {"externalRef": {"system": "crm", "id": "1"}}
    row = (await ask(REPLACE, input={"match": match, "name": "A", "employees": 1}))["data"]["accountUpsert"]
    assert row["userErrors"] == [{"code": "FIELD_OWNED", "path": ["input", "employees"]}]


async def test_replacing_a_record_leaves_what_belongs_to_others(ask: Ask, erp: Actor) -> None:
    match = {"externalRef": {"system": "erp", "id": "1"}}
    await ask(REPLACE, as_=erp, input={"match": match, "name": "A", "industry": "x", "employees": 5})
    await own(ask)
    replaced = await ask(REPLACE, input={"match": match, "name": "B", "onConflict": "REPLACE"})
    assert replaced["data"]["accountUpsert"]["account"] == {"name": "B", "industry": None, "employees": 5}


async def test_owners_are_listed_changed_and_removed(ask: Ask, other_actor: Actor) -> None:
    await own(ask)
    await own(ask, system="crm", policy="IGNORE")
    await own(ask, entity="Contact", field="account")
    listed = "{ fieldOwners { entity field system policy } }"
    assert (await ask(listed))["data"]["fieldOwners"] == [
        {"entity": "Account", "field": "employees", "system": "crm", "policy": "IGNORE"},
        {"entity": "Contact", "field": "account", "system": "erp", "policy": "REJECT"},
    ]
    assert (await ask(listed, as_=other_actor))["data"]["fieldOwners"] == []
    remove = """mutation { fieldOwnerRemove(input: {entity: "Account", field: "employees"}) {
      fieldOwner { system } userErrors { code } } }"""
    gone = {"fieldOwner": {"system": "crm"}, "userErrors": []}
    assert (await ask(remove))["data"]["fieldOwnerRemove"] == gone
    assert (await ask(remove))["data"]["fieldOwnerRemove"] == {"fieldOwner": None, "userErrors": []}
    assert len((await ask(listed))["data"]["fieldOwners"]) == 1


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"entity": "Invoice"}, "entity"),
        ({"field": "version"}, "field"),
        ({"field": "contacts"}, "field"),
        ({"system": " "}, "system"),
    ],
)
async def test_only_fields_that_clients_write_can_be_owned(ask: Ask, sent: dict[str, str], path: str) -> None:
    payload = await own(ask, **sent)
    assert [error["path"] for error in payload["userErrors"]] == [["input", path]]


async def test_a_reader_owns_nothing(ask: Ask, reader: Actor) -> None:
    with pytest.raises(ForbiddenError):
        await ask(SET, as_=reader, input={"entity": "Account", "field": "name", "system": "x"})
