"""A declared entity of a plugin has mutations, queries, changes and a purge without further code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support import graphql_requests
from tests.support.api_fixtures import Execute
from tests.support.machine_entity import machine_catalog

from tenure_core.access.identity import Actor
from tenure_core.plugins.host import core_host
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
def execute_with_machines(machine_url: str, database: Database, settings: Settings, actor: Actor) -> Execute:
    executor = Executor(replace(core_host(), catalog=machine_catalog()), database, settings)

    async def execute(query: str, **variables: Any) -> dict[str, Any]:
        response = await graphql_requests.execute_request(executor, actor, query, **variables)
        data: dict[str, Any] = response["data"]
        return data

    return execute


def by_number(serial_number: str, **values: Any) -> dict[str, Any]:
    return {"match": {"uniqueKey": {"serialNumber": serial_number}}, **values}


async def test_an_upsert_matches_a_record_by_a_unique_value(execute_with_machines: Execute) -> None:
    async def upsert(**values: Any) -> dict[str, Any]:
        return (await execute_with_machines(UPSERT, input=by_number("S-1", **values)))["machineUpsert"]

    created = await upsert(name="Lathe")
    assert (created["status"], created["machine"]["serialNumber"]) == ("CREATED", "S-1")
    assert (await upsert(name="Lathe"))["status"] == "NOOP"
    mutation = "mutation ($id: ID!) { machineDelete(input: {id: $id}) { status } }"
    await execute_with_machines(mutation, id=created["machine"]["id"])
    assert await upsert() == created | {"status": "RESTORED"}
    bulk = await execute_with_machines(BULK, rows=[by_number("S-1", name="Mill"), by_number("S-2")])
    assert bulk["machinesBulkUpsert"]["results"] == [
        {"rowKey": "S-1", "status": "UPDATED"},
        {"rowKey": "S-2", "status": "CREATED"},
    ]


async def test_a_record_has_an_external_key_and_changes_and_is_purged_with_its_account(
    execute_with_machines: Execute,
) -> None:
    account, machine = (await execute_with_machines(BATCH))["batch"]["results"]
    assert (account["status"], machine["status"]) == ("CREATED", "CREATED")
    record = await execute_with_machines('{ machineByExternalRef(system: "erp", externalId: "M") { id } }')
    assert record["machineByExternalRef"]["id"] == machine["node"]["id"]
    purged = await execute_with_machines(PURGE, id=machine["node"]["account"]["id"])
    assert {item["entity"]: item["count"] for item in purged["accountPurge"]["purged"]} == {
        "Account": 1,
        "Machine": 1,
    }
    feed = await execute_with_machines('{ changes(entities: ["Machine"]) { edges { operation after } } }')
    first, last = feed["changes"]["edges"]
    assert (first["operation"], first["after"]["serialNumber"]) == ("CREATE", "S-1")
    assert last == {"operation": "PURGE", "after": None}
