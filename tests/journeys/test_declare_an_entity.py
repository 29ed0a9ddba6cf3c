"""An entity is written, found, followed and purged from its declaration alone, as a plugin brings it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import graphql_requests
from tests.support.api_fixtures import Ask
from tests.support.machine_entity import machine_catalog

from tenure_core.access.identity import Actor
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings
from tenure_schema.operations.executor import Executor

UPSERT = """
mutation ($input: MachineUpsertInput!) {
  machineUpsert(input: $input) { status machine { id name serialNumber } userErrors { code path } }
}
"""
BULK = """
mutation ($rows: [MachineUpsertRow!]!) {
  machinesBulkUpsert(input: {rows: $rows}) { results { rowKey status } userErrors { path } }
}
"""
BATCH = """
mutation {
  batch(input: {operations: [
    {accountUpsert: {match: {externalRef: {system: "erp", id: "A"}}, name: "Acme"}}
    {machineUpsert: {
      match: {externalRef: {system: "erp", id: "M"}}, serialNumber: "S-1", account: {operation: 0}
    }}
  ]}) { results { status node { ... on Machine { id account { id } } } } }
}
"""
PURGE = """
mutation ($id: ID!) { accountPurge(input: {id: $id}) { purged { entity count } userErrors { path } } }
"""


@pytest.fixture
def ask_of_machines(machine_url: str, database: Database, settings: Settings, actor: Actor) -> Ask:
    execution = Executor(Host((), (), machine_catalog()), database, settings)

    async def answer(query: str, **variables: Any) -> dict[str, Any]:
        data: dict[str, Any] = (await graphql_requests.ask(execution, actor, query, **variables))["data"]
        return data

    return answer


def by_number(serial_number: str, **values: Any) -> dict[str, Any]:
    return {"match": {"uniqueKey": {"serialNumber": serial_number}}, **values}


async def test_an_upsert_means_a_record_by_its_unique_value(ask_of_machines: Ask) -> None:
    async def upsert(**values: Any) -> dict[str, Any]:
        return (await ask_of_machines(UPSERT, input=by_number("S-1", **values)))["machineUpsert"]

    created = await upsert(name="Lathe")
    assert (created["status"], created["machine"]["serialNumber"]) == ("CREATED", "S-1")
    assert (await upsert(name="Lathe"))["status"] == "NOOP"
    mutation = "mutation ($id: ID!) { machineDelete(input: {id: $id}) { status } }"
    await ask_of_machines(mutation, id=created["machine"]["id"])
    assert await upsert() == created | {"status": "RESTORED"}
    bulk = await ask_of_machines(BULK, rows=[by_number("S-1", name="Mill"), by_number("S-2")])
    assert bulk["machinesBulkUpsert"]["results"] == [
        {"rowKey": "S-1", "status": "UPDATED"},
        {"rowKey": "S-2", "status": "CREATED"},
    ]


async def test_it_is_found_by_its_key_followed_and_purged_with_its_account(ask_of_machines: Ask) -> None:
    account, machine = (await ask_of_machines(BATCH))["batch"]["results"]
    assert (account["status"], machine["status"]) == ("CREATED", "CREATED")
    found = await ask_of_machines('{ machineByExternalRef(system: "erp", externalId: "M") { id } }')
    assert found["machineByExternalRef"]["id"] == machine["node"]["id"]
    purged = await ask_of_machines(PURGE, id=machine["node"]["account"]["id"])
    assert {one["entity"]: one["count"] for one in purged["accountPurge"]["purged"]} == {
        "Account": 1,
        "Machine": 1,
    }
    told = await ask_of_machines('{ changes(entities: ["Machine"]) { edges { operation after } } }')
    first, last = told["changes"]["edges"]
    assert (first["operation"], first["after"]["serialNumber"]) == ("CREATE", "S-1")
    assert last == {"operation": "PURGE", "after": None}
