"""Batches: several writes in one transaction, all or none, where a later one refers to an earlier one."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.api_fixtures import Ask

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


async def batch(ask: Ask, *operations: dict[str, Any], **options: Any) -> dict[str, Any]:
    answer = await ask(BATCH, operations=list(operations), **options)
    payload: dict[str, Any] = answer["data"]["batch"]
    return payload


def statuses(payload: dict[str, Any]) -> list[str]:
    return [result["status"] for result in payload["results"]]


async def names(ask: Ask) -> list[str]:
    found = await ask("{ accounts(orderBy: [{field: NAME}]) { nodes { name } } }")
    return [node["name"] for node in found["data"]["accounts"]["nodes"]]


def upsert(key: str, **values: Any) -> dict[str, Any]:
    return {"accountUpsert": {"match": {"externalRef": {"system": "erp", "id": key}}, **values}}


ACCOUNT = {"accountCreate": {"name": "Acme"}}


def contact(operation: int) -> dict[str, Any]:
    return {"contactCreate": {"lastName": "Ada", "account": {"operation": operation}}}


async def test_a_later_operation_refers_to_an_earlier_one(ask: Ask) -> None:
    payload = await batch(ask, ACCOUNT, contact(0), upsert("1", name="Child", parent={"operation": 0}))
    assert statuses(payload) == ["CREATED"] * 3
    account, person, child = (result["node"] for result in payload["results"])
    assert (account["name"], person["lastName"], person["account"]) == ("Acme", "Ada", {"name": "Acme"})
    assert child["name"] == "Child"
    assert payload["userErrors"] == []
    identity = account["id"]
    again = await batch(
        ask,
        {"accountUpdate": {"id": identity, "name": "New"}},
        {"accountDelete": {"id": identity}},
        {"accountRestore": {"id": identity}},
    )
    assert statuses(again) == ["UPDATED", "DELETED", "RESTORED"]


async def test_one_failure_takes_all_back(ask: Ask) -> None:
    payload = await batch(ask, ACCOUNT, contact(7), ACCOUNT)
    assert statuses(payload) == ["SKIPPED", "FAILED", "SKIPPED"]
    path = ["input", "operations", "1", "contactCreate", "account", "operation"]
    assert payload["userErrors"] == [{"code": "NOT_FOUND", "path": path}]
    assert [result["node"] for result in payload["results"]] == [None] * 3
    assert await names(ask) == []


async def test_without_atomic_the_others_are_written(ask: Ask) -> None:
    payload = await batch(
        ask, {"accountCreate": {"name": " "}}, ACCOUNT, contact(0), contact(1), atomic=False
    )
    assert statuses(payload) == ["FAILED", "CREATED", "FAILED", "CREATED"]
    assert [(e["code"], e["path"][2]) for e in payload["userErrors"]] == [
        ("REQUIRED", "0"),
        ("NOT_FOUND", "2"),
    ]
    assert await names(ask) == ["Acme"]


async def test_only_an_earlier_record_of_the_right_kind_is_referred_to(ask: Ask) -> None:
    later = await batch(ask, contact(1), ACCOUNT, atomic=False)
    assert statuses(later) == ["FAILED", "CREATED"]
    person = await batch(ask, {"contactCreate": {"lastName": "Ada"}}, contact(0), atomic=False)
    assert statuses(person) == ["CREATED", "FAILED"]


async def test_an_empty_batch_and_one_of_too_many_operations_are_refused(ask: Ask) -> None:
    for operations, code in (([], "REQUIRED"), ([ACCOUNT] * 1001, "TOO_LONG")):
        payload = await batch(ask, *operations)
        assert payload["userErrors"] == [{"code": code, "path": ["input", "operations"]}]
    assert await names(ask) == []


async def test_a_reader_writes_no_batch(ask: Ask, reader: Actor) -> None:
    with pytest.raises(ForbiddenError):
        await ask(BATCH, as_=reader, operations=[ACCOUNT])


async def test_an_operation_takes_no_key_of_its_own(ask: Ask) -> None:
    asked = """{ __type(name: "BatchOperation") { inputFields { type { name inputFields { name } } } } }"""
    operations = [one["type"] for one in (await ask(asked))["data"]["__type"]["inputFields"]]
    assert len(operations) == 15
    assert not [one for one in operations if {"name": "idempotencyKey"} in one["inputFields"]]
    keyed = {"accountCreate": {"name": "Acme", "idempotencyKey": "1"}}
    with pytest.raises(BadUserInputError, match="not to include unknown field 'idempotencyKey'"):
        await batch(ask, keyed)
    assert await names(ask) == []


async def test_an_upsert_may_come_as_a_variable_of_its_own(ask: Ask) -> None:
    asked = """mutation ($row: AccountUpsertRow!) {
      batch(input: {operations: [{accountUpsert: $row}]}) { results { status } }
      accountsBulkUpsert(input: {rows: [$row]}) { results { status } }
    }"""
    answer = (await ask(asked, row=upsert("1", name="Acme")["accountUpsert"]))["data"]
    assert statuses(answer["batch"]) == ["CREATED"]
    assert statuses(answer["accountsBulkUpsert"]) == ["NOOP"]
