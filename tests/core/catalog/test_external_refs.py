"""External references are shown with their records, found by, and filtered by."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.api_fixtures import Ask

from tenure_core.access.identity import Actor

UPSERT = """
mutation ($input: AccountUpsertInput!) {
  accountUpsert(input: $input) { account { id } status userErrors { code path message } }
}
"""


async def upsert(ask: Ask, key: str, system: str = "erp", **values: Any) -> str:
    match = {"externalRef": {"system": system, "id": key}}
    payload = (await ask(UPSERT, input={"match": match, "name": key, **values}))["data"]["accountUpsert"]
    assert payload["userErrors"] == []
    return str(payload["account"]["id"])


async def test_a_record_shows_its_keys_in_their_order(ask: Ask) -> None:
    identity = await upsert(
        ask,
        "17",
        sourceVersion="5",
        url="https://erp.example/17",
        externalRefs=[{"system": "crm", "id": "A-1"}, {"system": "erp", "id": "018", "sourceVersion": "2"}],
    )
    shown = await ask(
        "query ($id: ID!) { account(id: $id) { externalRefs { system key: externalId url sourceVersion } } }",
        id=identity,
    )
    assert shown["data"]["account"]["externalRefs"] == [
        {"system": "crm", "key": "A-1", "url": None, "sourceVersion": None},
        {"system": "erp", "key": "018", "url": None, "sourceVersion": "2"},
        {"system": "erp", "key": "17", "url": "https://erp.example/17", "sourceVersion": "5"},
    ]


async def test_a_record_without_keys_shows_none(ask: Ask) -> None:
    await ask('mutation { accountCreate(input: {name: "A"}) { account { id } } }')
    shown = await ask("{ accounts { nodes { externalRefs { __typename syncedAt } } } }")
    assert shown["data"]["accounts"]["nodes"] == [{"externalRefs": []}]


async def test_a_record_is_found_by_its_key(ask: Ask, other_actor: Actor) -> None:
    identity = await upsert(ask, "17")
    find = '{ accountByExternalRef(system: "%s", externalId: "%s") { id } }'
    assert (await ask(find % ("erp", "17")))["data"]["accountByExternalRef"] == {"id": identity}
    for system, key in (("erp", "18"), ("crm", "17")):
        assert (await ask(find % (system, key)))["data"]["accountByExternalRef"] is None
    assert (await ask(find % ("erp", "17"), as_=other_actor))["data"]["accountByExternalRef"] is None
    of_contacts = await ask('{ contactByExternalRef(system: "erp", externalId: "17") { id } }')
    assert of_contacts["data"]["contactByExternalRef"] is None


async def test_a_deleted_record_is_not_found_by_its_key(ask: Ask) -> None:
    identity = await upsert(ask, "17")
    await ask(f'mutation {{ accountDelete(input: {{id: "{identity}"}}) {{ status }} }}')
    found = await ask('{ accountByExternalRef(system: "erp", externalId: "17") { id } }')
    assert found["data"]["accountByExternalRef"] is None


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ({"some": {"system": {"eq": "crm"}}}, ["b"]),
        ({"some": {"system": {"eq": "erp"}, "externalId": {"in": ["a", "b"]}}}, ["a"]),
        ({"none": {}}, ["c"]),
        ({"every": {"system": {"eq": "erp"}}}, ["a", "c"]),
        ({"some": {"sourceVersion": {"isNull": False}}}, ["b"]),
    ],
)
async def test_lists_are_filtered_by_keys(ask: Ask, where: dict[str, Any], names: list[str]) -> None:
    await upsert(ask, "a")
    await upsert(ask, "b", "crm", sourceVersion="1")
    await ask('mutation { accountCreate(input: {name: "c"}) { account { id } } }')
    query = "query ($w: AccountFilter) { accounts(where: $w, orderBy: [{field: NAME}]) { nodes { name } } }"
    found = await ask(query, w={"externalRefs": where})
    assert [node["name"] for node in found["data"]["accounts"]["nodes"]] == names


async def test_the_general_way_shows_the_same(ask: Ask, ask_generally: Ask) -> None:
    await upsert(ask, "17")
    query = '{ accountByExternalRef(system: "erp", externalId: "17") { externalRefs { system externalId } } }'
    assert await ask_generally(query) == await ask(query)
