"""The batch mutation: several writes in one transaction, with references to earlier operations."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.api_fixtures import Execute

from tenure_core.access.identity import Actor
from tenure_core.errors import BadUserInputError, ForbiddenError

BATCH = """
mutation ($operations: [BatchOperation!]!, $atomic: Boolean) {
  batch(input: {operations: $operations, atomic: $atomic}) {
    results {
      index status userErrors { code path }
      node { id ... on Account { name } ... on Contact { lastName account { name } } }
    }
    userErrors { code path }
    replayed
  }
}
"""


async def batch(execute: Execute, *operations: dict[str, Any], **options: Any) -> dict[str, Any]:
    answer = await execute(BATCH, operations=list(operations), **options)
    payload: dict[str, Any] = answer["data"]["batch"]
    return payload


def statuses(payload: dict[str, Any]) -> list[str]:
    return [result["status"] for result in payload["results"]]


async def names(execute: Execute) -> list[str]:
    response = await execute("{ accounts(orderBy: [{field: NAME}]) { nodes { name } } }")
    return [node["name"] for node in response["data"]["accounts"]["nodes"]]


def upsert(key: str, **values: Any) -> dict[str, Any]:
    return {"accountUpsert": {"match": {"externalRef": {"system": "erp", "id": key}}, **values}}


ACCOUNT = {"accountCreate": {"name": "Acme"}}


def contact(operation: int) -> dict[str, Any]:
    return {"contactCreate": {"lastName": "Ada", "account": {"operation": operation}}}


async def test_an_operation_can_reference_an_earlier_one(execute: Execute) -> None:
    payload = await batch(execute, ACCOUNT, contact(0), upsert("1", name="Child", parent={"operation": 0}))
    assert statuses(payload) == ["CREATED"] * 3
    account, person, child = (result["node"] for result in payload["results"])
    assert (account["name"], person["lastName"], person["account"]) == ("Acme", "Ada", {"name": "Acme"})
    assert child["name"] == "Child"
    assert payload["userErrors"] == []
    identity = account["id"]
    again = await batch(
        execute,
        {"accountUpdate": {"id": identity, "name": "New"}},
        {"accountDelete": {"id": identity}},
        {"accountRestore": {"id": identity}},
    )
    assert statuses(again) == ["UPDATED", "DELETED", "RESTORED"]


async def test_a_rejected_operation_rolls_back_all_others(execute: Execute) -> None:
    payload = await batch(execute, ACCOUNT, contact(7), ACCOUNT)
    assert statuses(payload) == ["SKIPPED", "FAILED", "SKIPPED"]
    path = ["input", "operations", "1", "contactCreate", "account", "operation"]
    assert payload["userErrors"] == [{"code": "NOT_FOUND", "path": path}]
    assert [result["node"] for result in payload["results"]] == [None] * 3
    assert await names(execute) == []


async def test_without_atomic_the_other_operations_are_written(execute: Execute) -> None:
    payload = await batch(
        execute, {"accountCreate": {"name": " "}}, ACCOUNT, contact(0), contact(1), atomic=False
    )
    assert statuses(payload) == ["FAILED", "CREATED", "FAILED", "CREATED"]
    assert [(e["code"], e["path"][2]) for e in payload["userErrors"]] == [
        ("REQUIRED", "0"),
        ("NOT_FOUND", "2"),
    ]
    assert await names(execute) == ["Acme"]


async def test_a_reference_must_name_an_earlier_operation_on_the_target_entity(execute: Execute) -> None:
    later = await batch(execute, contact(1), ACCOUNT, atomic=False)
    assert statuses(later) == ["FAILED", "CREATED"]
    person = await batch(execute, {"contactCreate": {"lastName": "Ada"}}, contact(0), atomic=False)
    assert statuses(person) == ["CREATED", "FAILED"]


async def test_an_empty_batch_and_a_batch_that_is_too_long_are_rejected(execute: Execute) -> None:
    for operations, code in (([], "REQUIRED"), ([ACCOUNT] * 1001, "TOO_LONG")):
        payload = await batch(execute, *operations)
        assert payload["userErrors"] == [{"code": code, "path": ["input", "operations"]}]
    assert await names(execute) == []


async def test_a_reader_cannot_run_a_batch(execute: Execute, reader: Actor) -> None:
    with pytest.raises(ForbiddenError):
        await execute(BATCH, as_=reader, operations=[ACCOUNT])


async def test_an_operation_has_no_idempotency_key(execute: Execute) -> None:
    query = """{ __type(name: "BatchOperation") { inputFields { type { name inputFields { name } } } } }"""
    fields = (await execute(query))["data"]["__type"]["inputFields"]
    operations = [field["type"] for field in fields]
    assert len(operations) == 15
    assert not [type_ for type_ in operations if {"name": "idempotencyKey"} in type_["inputFields"]]
    operation = {"accountCreate": {"name": "Acme", "idempotencyKey": "1"}}
    with pytest.raises(BadUserInputError, match="not to include unknown field 'idempotencyKey'"):
        await batch(execute, operation)
    assert await names(execute) == []


async def test_an_upsert_row_can_be_a_variable(execute: Execute) -> None:
    document = """mutation ($row: AccountUpsertRow!) {
      batch(input: {operations: [{accountUpsert: $row}]}) { results { status } }
      accountsBulkUpsert(input: {rows: [$row]}) { results { status } }
    }"""
    answer = (await execute(document, row=upsert("1", name="Acme")["accountUpsert"]))["data"]
    assert statuses(answer["batch"]) == ["CREATED"]
    assert statuses(answer["accountsBulkUpsert"]) == ["NOOP"]
