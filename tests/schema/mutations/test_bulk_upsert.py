"""Bulk upserts: a result per row in their order, whatever is wrong with which of them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.api_fixtures import Ask

from tenure_core.errors import RequestTooLargeError
from tenure_schema.operations.lowering import InvalidVariablesError

BULK = """
mutation ($rows: [AccountUpsertRow!]!, $policy: ErrorPolicy, $dry: Boolean, $mode: OnConflict) {
  accountsBulkUpsert(input: {rows: $rows, errorPolicy: $policy, dryRun: $dry, onConflict: $mode}) {
    results {
      index rowKey status account { name version } diff { field before after } userErrors { code path }
    }
    userErrors { code path message }
    replayed
  }
}
"""


def row(key: str, **values: Any) -> dict[str, Any]:
    return {"match": {"externalRef": {"system": "erp", "id": key}}, "name": key, **values}


async def bulk(ask: Ask, *rows: object, **options: Any) -> dict[str, Any]:
    answer = await ask(BULK, rows=list(rows), **options)
    assert "errors" not in answer
    payload: dict[str, Any] = answer["data"]["accountsBulkUpsert"]
    assert [result["index"] for result in payload["results"]] in ([], list(range(len(rows))))
    return payload


def statuses(payload: dict[str, Any]) -> list[str]:
    return [result["status"] for result in payload["results"]]


async def count(ask: Ask, entity: str = "accounts") -> int:
    return int((await ask(f"{{ {entity} {{ totalCount }} }}"))["data"][entity]["totalCount"])


async def test_rows_are_created_changed_and_left_alone(ask: Ask) -> None:
    first = await bulk(ask, row("a"), row("b"))
    assert first["results"][0] == {
        "index": 0,
        "rowKey": "a",
        "status": "CREATED",
        "account": {"name": "a", "version": 1},
        "diff": None,
        "userErrors": [],
    }
    second = await bulk(ask, row("c"), row("b", industry="x"), row("a"))
    assert statuses(second) == ["CREATED", "UPDATED", "NOOP"]
    assert [result["account"]["version"] for result in second["results"]] == [1, 2, 1]


WRONG = [
    (row("x", employees="many"), "INVALID", ["employees"]),
    (row("x", nickname="y"), "UNKNOWN_FIELD", ["nickname"]),
    (row("x", parent={"externalRef": {"system": "erp", "id": "?"}}), "NOT_FOUND", ["parent", "externalRef"]),
    (row("x", tier="t" * 51), "TOO_LONG", ["tier"]),
    (
        row("x", annualRevenue={"minorUnits": 1, "currency": "EURO"}),
        "TOO_LONG",
        ["annualRevenue", "currency"],
    ),
    (row("x", annualRevenue={"minorUnits": 1, "currency": "ZZZ"}), "INVALID", ["annualRevenue", "currency"]),
    (row("x", parent={"operation": 0}), "INVALID", ["parent"]),
    (row("x", onConflict="OVERWRITE"), "INVALID", ["onConflict"]),
    (row("x", expectedVersion="1"), "INVALID", ["expectedVersion"]),
    (row("x", sourceVersion="yesterday"), "INVALID", ["sourceVersion"]),
    (row("x", externalRefs=[{"system": "crm"}]), "INVALID", ["externalRefs", "0"]),
    (row("x", externalRefs="crm"), "INVALID", ["externalRefs"]),
    ({"name": "x"}, "REQUIRED", ["match"]),
    ({"name": "x", "match": {"externalRef": {"system": "erp"}}}, "INVALID", ["match", "externalRef"]),
    ({"name": "x", "match": {"uniqueKey": {"name": "x"}}}, "INVALID", ["match", "uniqueKey"]),
    ({"match": {"externalRef": {"system": "erp", "id": "x"}}}, "REQUIRED", ["name"]),
    (row("a"), "DUPLICATE_KEY", ["match", "externalRef"]),
    ("a", "INVALID", []),
    (None, "INVALID", []),
    ([], "INVALID", []),
]


@pytest.mark.parametrize(("wrong", "code", "path"), WRONG)
async def test_a_faulty_row_fails_at_its_path_and_the_policy_decides_about_the_others(
    ask: Ask, wrong: object, code: str, path: list[str]
) -> None:
    error = {"code": code, "path": ["input", "rows", "1", *path]}
    rejected = await bulk(ask, row("a"), wrong)
    assert statuses(rejected) == ["SKIPPED", "FAILED"]
    assert rejected["results"][1]["userErrors"] == [error]
    assert [{"code": e["code"], "path": e["path"]} for e in rejected["userErrors"]] == [error]
    assert await count(ask) == 0
    partly = await bulk(ask, row("a"), wrong, policy="REJECT_FAILED_ROWS")
    assert (statuses(partly), len(partly["userErrors"])) == (["CREATED", "FAILED"], 1)
    ignoring = await bulk(ask, row("a"), wrong, policy="IGNORE_FAILED")
    assert (statuses(ignoring), ignoring["userErrors"]) == (["NOOP", "FAILED"], [])
    assert ignoring["results"][1]["userErrors"] == [error]


async def test_a_bad_date_fails_at_its_path(ask: Ask) -> None:
    query = """mutation ($rows: [ContactUpsertRow!]!) {
      contactsBulkUpsert(input: {rows: $rows}) { userErrors { code path } } }"""
    answer = await ask(query, rows=[{**row("x"), "lastName": "x", "birthday": "2026-02-30"}])
    errors = answer["data"]["contactsBulkUpsert"]["userErrors"]
    assert {"code": "INVALID", "path": ["input", "rows", "0", "birthday"]} in errors


async def test_an_empty_call_and_one_of_too_many_rows_are_refused_as_a_whole(ask: Ask) -> None:
    for rows, code in (([], "REQUIRED"), ([row(str(n)) for n in range(1001)], "TOO_LONG")):
        payload = await bulk(ask, *rows)
        assert payload["results"] == []
        assert [(e["code"], e["path"]) for e in payload["userErrors"]] == [(code, ["input", "rows"])]
    assert await count(ask) == 0


async def test_the_whole_input_may_be_one_variable(ask: Ask) -> None:
    query = """mutation ($input: AccountBulkUpsertInput!) {
      accountsBulkUpsert(input: $input) { results { status userErrors { path } } } }"""
    answer = await ask(
        query, input={"rows": [row("a"), row("b", employees="x")], "errorPolicy": "IGNORE_FAILED"}
    )
    results = answer["data"]["accountsBulkUpsert"]["results"]
    assert [result["status"] for result in results] == ["CREATED", "FAILED"]
    with pytest.raises(InvalidVariablesError, match="ErrorPolicy"):
        await ask(query, input={"rows": [row("a")], "errorPolicy": "SHRUG"})


async def test_rows_may_stand_in_the_document(ask: Ask) -> None:
    match = 'match: {externalRef: {system: "erp", id: "1"}}'
    rows = f'rows: [{{{match}, name: "A"}}]'
    answer = await ask(f"mutation {{ accountsBulkUpsert(input: {{{rows}}}) {{ results {{ status }} }} }}")
    assert answer["data"]["accountsBulkUpsert"]["results"] == [{"status": "CREATED"}]


async def test_a_dry_run_tells_each_field_and_writes_nothing(ask: Ask) -> None:
    await bulk(ask, row("a", address={"city": "Bonn"}), row("b"))
    tried = await bulk(
        ask,
        row("a", address={"city": "Köln"}, parent={"externalRef": {"system": "erp", "id": "c"}}),
        row("b"),
        row("c"),
        row("d", employees=-1),
        dry=True,
    )
    assert statuses(tried) == ["WOULD_UPDATE", "NOOP", "WOULD_CREATE", "CONFLICT"]
    moved, parent = tried["results"][0]["diff"]
    empty = {"street": None, "region": None, "postalCode": None, "country": None}
    assert moved == {
        "field": "address",
        "before": {"city": "Bonn", **empty},
        "after": {"city": "Köln", **empty},
    }
    assert (parent["field"], parent["before"], list(parent["after"])) == ("parent", None, ["id"])
    assert tried["results"][1]["diff"] == []
    assert {"field": "name", "before": None, "after": "c"} in tried["results"][2]["diff"]
    assert tried["results"][2]["account"] is None
    assert await count(ask) == 2
    assert statuses(await bulk(ask, row("a", address={"city": "Bonn"}), row("b"))) == ["NOOP", "NOOP"]


async def test_a_family_comes_in_any_order(ask: Ask) -> None:
    def child(key: str, parent: str) -> dict[str, Any]:
        return row(key, parent={"externalRef": {"system": "erp", "id": parent}})

    assert statuses(await bulk(ask, child("c", "b"), child("b", "a"), row("a"))) == ["CREATED"] * 3
    turned = await bulk(ask, row("c", parent=None), child("a", "c"), child("b", "c"))
    assert statuses(turned) == ["UPDATED"] * 3
    circle = await bulk(ask, child("x", "y"), child("y", "x"), row("z"), policy="IGNORE_FAILED")
    assert statuses(circle) == ["FAILED", "FAILED", "CREATED"]


async def test_a_child_of_a_refused_row_is_refused(ask: Ask) -> None:
    def child(key: str, parent: str) -> dict[str, Any]:
        return row(key, parent={"externalRef": {"system": "erp", "id": parent}})

    rows = child("c", "b"), child("b", "a"), row("a", parent={"id": "0190f000-0000-7000-8000-000000000000"})
    payload = await bulk(ask, *rows, row("z"), policy="IGNORE_FAILED")
    assert statuses(payload) == ["FAILED", "FAILED", "FAILED", "CREATED"]
    assert payload["results"][0]["userErrors"][0]["code"] == "NOT_FOUND"
    assert statuses(await bulk(ask, row("a"), row("b"))) == ["CREATED", "CREATED"]


async def test_records_of_many_rows_cost_what_they_bring(ask: Ask) -> None:
    query = """mutation ($rows: [AccountUpsertRow!]!) { accountsBulkUpsert(input: {rows: $rows}) {
      results { account { contacts(first: 10) { nodes { id } } } } } }"""
    with pytest.raises(RequestTooLargeError):
        await ask(query, rows=[row(str(n)) for n in range(1000)])
    assert await count(ask) == 0
