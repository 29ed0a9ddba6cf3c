"""Idempotency keys: a repeated write is executed once and returns the stored response."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import orjson
import psycopg
import pytest
from tests.support.api_fixtures import Execute

from tenure_core.access.identity import Actor

CREATE = """
mutation ($name: String!, $key: String) {
  accountCreate(input: {name: $name, idempotencyKey: $key}) {
    account { id name } status again: replayed userErrors { code path message }
  }
}
"""


async def create(execute: Execute, name: str, key: str | None, **options: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await execute(CREATE, name=name, key=key, **options))["data"]["accountCreate"]
    return payload


async def count(execute: Execute) -> int:
    return int((await execute("{ accounts { totalCount } }"))["data"]["accounts"]["totalCount"])


async def test_a_repeated_write_returns_the_stored_response(execute: Execute) -> None:
    first, second = await create(execute, "A", "k1"), await create(execute, "A", "k1")
    assert (first["again"], second["again"]) == (False, True)
    assert {**first, "again": True} == second
    assert list(first) == list(second) == ["account", "status", "again", "userErrors"]
    assert await count(execute) == 1


async def test_a_key_that_was_used_for_another_write_is_rejected(execute: Execute) -> None:
    await create(execute, "A", "k1")
    rejected = await create(execute, "B", "k1")
    [error] = rejected["userErrors"]
    assert (error["code"], error["path"]) == ("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])
    assert (rejected["account"], rejected["status"], rejected["again"]) == (None, "FAILED", False)
    other = await execute(
        'mutation { contactCreate(input: {lastName: "A", idempotencyKey: "k1"}) { userErrors { code } } }'
    )
    assert other["data"]["contactCreate"]["userErrors"] == [{"code": "IDEMPOTENCY_KEY_REUSED"}]
    assert await count(execute) == 1


async def test_of_concurrent_calls_one_writes_and_the_others_wait_for_its_response(execute: Execute) -> None:
    answers = await asyncio.gather(*(create(execute, "A", "k1") for _ in range(6)))
    assert sorted(answer["again"] for answer in answers) == [False] + [True] * 5
    assert len({answer["account"]["id"] for answer in answers}) == 1
    assert await count(execute) == 1


async def test_keys_are_separate_per_tenant(execute: Execute, other_actor: Actor) -> None:
    await create(execute, "A", "k1")
    assert (await create(execute, "A", "k1", as_=other_actor))["again"] is False


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a\x00b"])
async def test_an_invalid_key_is_rejected(execute: Execute, key: str) -> None:
    [error] = (await create(execute, "A", key))["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID", ["input", "idempotencyKey"])
    assert await count(execute) == 0


async def test_a_call_that_wrote_nothing_stores_no_response(execute: Execute, database, actor: Actor) -> None:
    assert (await create(execute, " ", "k1"))["status"] == "FAILED"
    answer = await execute(
        'mutation { a: accountCreate(input: {name: "A", idempotencyKey: "k2"}) { account { parent { id } } } '
        'b: accountPurge(input: {id: "17", idempotencyKey: "k3"}) { userErrors { code } } }'
    )
    assert answer["data"]["b"]["userErrors"] == [{"code": "INVALID"}]
    async with database.tenant_connection(actor.tenant_id) as connection:
        rows = await (await connection.execute("SELECT key FROM idempotency_record")).fetchall()
    assert rows == [("k2",)]
    assert (await create(execute, "A", "k1"))["status"] == "CREATED"


BULK = """
mutation ($rows: [AccountUpsertRow!]!, $dryRun: Boolean) {
  accountsBulkUpsert(input: {rows: $rows, dryRun: $dryRun, idempotencyKey: "k1"}) { results { status } }
}
"""


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_bulk_upsert_that_wrote_nothing_stores_no_response(execute: Execute, dry_run: bool) -> None:
    def row(number: int) -> dict[str, Any]:
        return {"match": {"externalRef": {"system": "erp", "id": str(number)}}, "name": "A"}

    await execute(BULK.replace("k1", "k0"), rows=[row(1)])
    first = await execute(BULK, rows=[row(1)] if dry_run else [row(1), {**row(2), "name": 2}], dryRun=dry_run)
    assert first["data"]["accountsBulkUpsert"]["results"][0] == {"status": "NOOP"}
    second = await execute(BULK, rows=[row(1), row(2)])
    assert [result["status"] for result in second["data"]["accountsBulkUpsert"]["results"]] == [
        "NOOP",
        "CREATED",
    ]


async def test_a_request_that_cannot_be_hashed_is_rejected(client: httpx.AsyncClient) -> None:
    write = 'mutation { accountCreate(input: {name: "A", attributes: {n: 99999999999999999999}}) { status } }'
    answer = await client.post("/graphql", json={"query": write}, headers={"Idempotency-Key": "k1"})
    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_expired_key_can_be_reused(execute: Execute, actor: Actor, database_url: str) -> None:
    await create(execute, "A", "k1")
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "UPDATE idempotency_record SET created_at = now() - interval '8 days' WHERE tenant_id = %s",
            (actor.tenant_id,),
        )
    assert (await create(execute, "B", "k1"))["again"] is False
    assert await count(execute) == 2


async def test_only_expired_responses_are_deleted(execute: Execute, actor: Actor, database_url: str) -> None:
    await create(execute, "A", "k1")
    await create(execute, "A", "k2")
    with psycopg.connect(database_url) as owner:
        owner.execute(
            """UPDATE idempotency_record SET created_at = now() - interval '8 days'
               WHERE tenant_id = %s AND key = 'k1'""",
            (actor.tenant_id,),
        )
        assert owner.execute("SELECT tenure_delete_idempotency_records('7 days')").fetchone() == (1,)
    assert (await create(execute, "A", "k2"))["again"] is True


async def test_the_responses_of_bulk_upserts_and_batches_are_stored_completely(execute: Execute) -> None:
    rows = [{"match": {"externalRef": {"system": "erp", "id": f"{n}"}}, "name": f"{n}"} for n in range(3)]
    query = """mutation ($rows: [AccountUpsertRow!]!, $operations: [BatchOperation!]!) {
      bulk: accountsBulkUpsert(input: {rows: $rows, idempotencyKey: "b"}) {
        replayed results { status account { id name } } }
      batch(input: {operations: $operations, idempotencyKey: "c"}) { replayed results { status node { id } } }
    }"""
    operations = [{"accountCreate": {"name": "A"}}]
    first = (await execute(query, rows=rows, operations=operations))["data"]
    second = (await execute(query, rows=rows, operations=operations))["data"]
    for name in ("bulk", "batch"):
        assert second[name] == {**first[name], "replayed": True}
    assert await count(execute) == 4


async def post(client: httpx.AsyncClient, query: str, key: str) -> dict[str, Any]:
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    response = await client.post("/graphql", content=orjson.dumps({"query": query}), headers=headers)
    data: dict[str, Any] = response.json()["data"]
    return data


async def test_the_key_can_be_a_header(client: httpx.AsyncClient) -> None:
    query = (
        'mutation { a: accountCreate(input: {name: "A"}) { replayed account { id } userErrors { code } } }'
    )
    first, second = await post(client, query, "k1"), await post(client, query, "k1")
    assert second["a"] == {**first["a"], "replayed": True}
    other = await post(
        client, query.replace("accountCreate", "b: accountCreate").replace("a: b:", "b:"), "k1"
    )
    assert other["b"]["userErrors"] == [{"code": "IDEMPOTENCY_KEY_REUSED"}]


async def test_a_header_applies_to_each_root_field(client: httpx.AsyncClient) -> None:
    create = 'accountCreate(input: {name: "A"}) { replayed }'
    two = f"mutation {{ a: {create} b: {create} }}"
    assert await post(client, two, "k1") == {"a": {"replayed": False}, "b": {"replayed": False}}
    assert await post(client, two, "k1") == {"a": {"replayed": True}, "b": {"replayed": True}}
