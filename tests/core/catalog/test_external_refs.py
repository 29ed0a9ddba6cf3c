"""Records are read with their external references, found by them, and filtered by them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.api_fixtures import Execute

from tenure_core.access.identity import Actor

UPSERT = """
mutation ($input: AccountUpsertInput!) {
  accountUpsert(input: $input) { account { id } status userErrors { code path message } }
}
"""


async def upsert(execute: Execute, key: str, system: str = "erp", **values: Any) -> str:
    match = {"externalRef": {"system": system, "id": key}}
    payload = (await execute(UPSERT, input={"match": match, "name": key, **values}))["data"]["accountUpsert"]
    assert payload["userErrors"] == []
    return str(payload["account"]["id"])


async def test_the_external_references_of_a_record_are_sorted(execute: Execute) -> None:
    identity = await upsert(
        execute,
        "17",
        sourceVersion="5",
        url="https://erp.example/17",
        externalRefs=[{"system": "crm", "id": "A-1"}, {"system": "erp", "id": "018", "sourceVersion": "2"}],
    )
    response = await execute(
        "query ($id: ID!) { account(id: $id) { externalRefs { system key: externalId url sourceVersion } } }",
        id=identity,
    )
    assert response["data"]["account"]["externalRefs"] == [
        {"system": "crm", "key": "A-1", "url": None, "sourceVersion": None},
        {"system": "erp", "key": "018", "url": None, "sourceVersion": "2"},
        {"system": "erp", "key": "17", "url": "https://erp.example/17", "sourceVersion": "5"},
    ]


async def test_a_record_without_external_references_has_an_empty_list(execute: Execute) -> None:
    await execute('mutation { accountCreate(input: {name: "A"}) { account { id } } }')
    response = await execute("{ accounts { nodes { externalRefs { __typename syncedAt } } } }")
    assert response["data"]["accounts"]["nodes"] == [{"externalRefs": []}]


async def test_a_record_is_found_by_its_external_key(execute: Execute, other_actor: Actor) -> None:
    identity = await upsert(execute, "17")
    find = '{ accountByExternalRef(system: "%s", externalId: "%s") { id } }'
    assert (await execute(find % ("erp", "17")))["data"]["accountByExternalRef"] == {"id": identity}
    for system, key in (("erp", "18"), ("crm", "17")):
        assert (await execute(find % (system, key)))["data"]["accountByExternalRef"] is None
    assert (await execute(find % ("erp", "17"), as_=other_actor))["data"]["accountByExternalRef"] is None
    of_contacts = await execute('{ contactByExternalRef(system: "erp", externalId: "17") { id } }')
    assert of_contacts["data"]["contactByExternalRef"] is None


async def test_a_deleted_record_is_not_found_by_its_external_key(execute: Execute) -> None:
    identity = await upsert(execute, "17")
    await execute(f'mutation {{ accountDelete(input: {{id: "{identity}"}}) {{ status }} }}')
    response = await execute('{ accountByExternalRef(system: "erp", externalId: "17") { id } }')
    assert response["data"]["accountByExternalRef"] is None


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
async def test_lists_are_filtered_by_external_references(
    execute: Execute, where: dict[str, Any], names: list[str]
) -> None:
    await upsert(execute, "a")
    await upsert(execute, "b", "crm", sourceVersion="1")
    await execute('mutation { accountCreate(input: {name: "c"}) { account { id } } }')
    query = "query ($w: AccountFilter) { accounts(where: $w, orderBy: [{field: NAME}]) { nodes { name } } }"
    response = await execute(query, w={"externalRefs": where})
    assert [node["name"] for node in response["data"]["accounts"]["nodes"]] == names


async def test_the_path_through_graphql_core_returns_the_same(
    execute: Execute, execute_with_resolvers: Execute
) -> None:
    await upsert(execute, "17")
    query = '{ accountByExternalRef(system: "erp", externalId: "17") { externalRefs { system externalId } } }'
    assert await execute_with_resolvers(query) == await execute(query)
