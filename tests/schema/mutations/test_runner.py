"""Idempotency: a write that is sent again is answered again, and done once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import orjson
import psycopg
import pytest
from tests.support.api_fixtures import Ask

from tenure_core.access.identity import Actor

CREATE = """
mutation ($name: String!, $key: String) {
  accountCreate(input: {name: $name, idempotencyKey: $key}) {
    account { id name } status again: replayed userErrors { code path message }
  }
}
"""


async def create(ask: Ask, name: str, key: str | None, **options: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await ask(CREATE, name=name, key=key, **options))["data"]["accountCreate"]
    return payload


async def count(ask: Ask) -> int:
    return int((await ask("{ accounts { totalCount } }"))["data"]["accounts"]["totalCount"])


async def test_a_write_that_is_sent_again_is_answered_with_its_receipt(ask: Ask) -> None:
    first, second = await create(ask, "A", "k1"), await create(ask, "A", "k1")
    assert (first["again"], second["again"]) == (False, True)
    assert {**first, "again": True} == second
    assert list(first) == list(second) == ["account", "status", "again", "userErrors"]
    assert await count(ask) == 1


async def test_the_same_key_for_another_write_is_refused(ask: Ask) -> None:
    await create(ask, "A", "k1")
    refused = await create(ask, "B", "k1")
    [error] = refused["userErrors"]
    assert (error["code"], error["path"]) == ("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])
    assert (refused["account"], refused["status"], refused["again"]) == (None, "FAILED", False)
    other = await ask(
        'mutation { contactCreate(input: {lastName: "A", idempotencyKey: "k1"}) { userErrors { code } } }'
    )
    assert other["data"]["contactCreate"]["userErrors"] == [{"code": "IDEMPOTENCY_KEY_REUSED"}]
    assert await count(ask) == 1


async def test_of_two_at_once_one_writes_and_the_other_waits_for_its_answer(ask: Ask) -> None:
    answers = await asyncio.gather(*(create(ask, "A", "k1") for _ in range(6)))
    assert sorted(answer["again"] for answer in answers) == [False] + [True] * 5
    assert len({answer["account"]["id"] for answer in answers}) == 1
    assert await count(ask) == 1


async def test_a_key_belongs_to_its_tenant(ask: Ask, other_actor: Actor) -> None:
    await create(ask, "A", "k1")
    assert (await create(ask, "A", "k1", as_=other_actor))["again"] is False


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a\x00b"])
async def test_a_key_that_is_none_is_refused(ask: Ask, key: str) -> None:
    [error] = (await create(ask, "A", key))["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID", ["input", "idempotencyKey"])
    assert await count(ask) == 0


async def test_what_wrote_nothing_leaves_no_receipt(ask: Ask, database, actor: Actor) -> None:
    assert (await create(ask, " ", "k1"))["status"] == "FAILED"
    answer = await ask(
        'mutation { a: accountCreate(input: {name: "A", idempotencyKey: "k2"}) { account { parent { id } } } '
        'b: accountPurge(input: {id: "17", idempotencyKey: "k3"}) { userErrors { code } } }'
    )
    assert answer["data"]["b"]["userErrors"] == [{"code": "INVALID"}]
    async with database.tenant_connection(actor.tenant_id) as connection:
        found = await (await connection.execute("SELECT key FROM receipt")).fetchall()
    assert found == [("k2",)]
    assert (await create(ask, "A", "k1"))["status"] == "CREATED"


BULK = """
mutation ($rows: [AccountUpsertRow!]!, $dryRun: Boolean) {
  accountsBulkUpsert(input: {rows: $rows, dryRun: $dryRun, idempotencyKey: "k1"}) { results { status } }
}
"""


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_bulk_that_wrote_nothing_leaves_none_either_though_rows_were_noop(
    ask: Ask, dry_run: bool
) -> None:
    def row(number: int) -> dict[str, Any]:
        return {"match": {"externalRef": {"system": "erp", "id": str(number)}}, "name": "A"}

    await ask(BULK.replace("k1", "k0"), rows=[row(1)])
    tried = await ask(BULK, rows=[row(1)] if dry_run else [row(1), {**row(2), "name": 2}], dryRun=dry_run)
    assert tried["data"]["accountsBulkUpsert"]["results"][0] == {"status": "NOOP"}
    mended = await ask(BULK, rows=[row(1), row(2)])
    assert [one["status"] for one in mended["data"]["accountsBulkUpsert"]["results"]] == ["NOOP", "CREATED"]


async def test_a_request_that_no_receipt_can_name_is_refused(client: httpx.AsyncClient) -> None:
    write = 'mutation { accountCreate(input: {name: "A", attributes: {n: 99999999999999999999}}) { status } }'
    answer = await client.post("/graphql", json={"query": write}, headers={"Idempotency-Key": "k1"})
    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_expired_receipt_counts_no_more(ask: Ask, actor: Actor, database_url: str) -> None:
    await create(ask, "A", "k1")
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "UPDATE receipt SET created_at = now() - interval '8 days' WHERE tenant_id = %s",
            (actor.tenant_id,),
        )
    assert (await create(ask, "B", "k1"))["again"] is False
    assert await count(ask) == 2


async def test_old_receipts_are_forgotten_and_young_ones_kept(
    ask: Ask, actor: Actor, database_url: str
) -> None:
    await create(ask, "A", "k1")
    await create(ask, "A", "k2")
    with psycopg.connect(database_url) as owner:
        old = "UPDATE receipt SET created_at = now() - interval '8 days' WHERE tenant_id = %s AND key = 'k1'"
        owner.execute(old, (actor.tenant_id,))
        assert owner.execute("SELECT tenure_forget_receipts('7 days')").fetchone() == (1,)
    assert (await create(ask, "A", "k2"))["again"] is True


async def test_bulk_upserts_and_batches_are_replayed_whole(ask: Ask) -> None:
    rows = [{"match": {"externalRef": {"system": "erp", "id": f"{n}"}}, "name": f"{n}"} for n in range(3)]
    query = """mutation ($rows: [AccountUpsertRow!]!, $operations: [BatchOperation!]!) {
      bulk: accountsBulkUpsert(input: {rows: $rows, idempotencyKey: "b"}) {
        replayed results { status account { id name } } }
      batch(input: {operations: $operations, idempotencyKey: "c"}) { replayed results { status node { id } } }
    }"""
    operations = [{"accountCreate": {"name": "A"}}]
    first = (await ask(query, rows=rows, operations=operations))["data"]
    second = (await ask(query, rows=rows, operations=operations))["data"]
    for name in ("bulk", "batch"):
        assert second[name] == {**first[name], "replayed": True}
    assert await count(ask) == 4


async def post(client: httpx.AsyncClient, query: str, key: str) -> dict[str, Any]:
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    response = await client.post("/graphql", content=orjson.dumps({"query": query}), headers=headers)
    data: dict[str, Any] = response.json()["data"]
    return data


async def test_the_key_may_come_as_a_header(client: httpx.AsyncClient) -> None:
    one = 'mutation { a: accountCreate(input: {name: "A"}) { replayed account { id } userErrors { code } } }'
    first, second = await post(client, one, "k1"), await post(client, one, "k1")
    assert second["a"] == {**first["a"], "replayed": True}
    other = await post(client, one.replace("accountCreate", "b: accountCreate").replace("a: b:", "b:"), "k1")
    assert other["b"]["userErrors"] == [{"code": "IDEMPOTENCY_KEY_REUSED"}]


async def test_a_header_counts_for_each_root_field(client: httpx.AsyncClient) -> None:
    create = 'accountCreate(input: {name: "A"}) { replayed }'
    two = f"mutation {{ a: {create} b: {create} }}"
    assert await post(client, two, "k1") == {"a": {"replayed": False}, "b": {"replayed": False}}
    assert await post(client, two, "k1") == {"a": {"replayed": True}, "b": {"replayed": True}}
