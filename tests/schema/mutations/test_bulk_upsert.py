"""The bulk upsert mutation: one result per row, in order, for valid and invalid rows."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.api_fixtures import Execute

from tenure_core.errors import RequestTooLargeError
from tenure_schema.operations.variables import InvalidVariablesError

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


async def bulk(execute: Execute, *rows: object, **options: Any) -> dict[str, Any]:
    answer = await execute(BULK, rows=list(rows), **options)
    assert "errors" not in answer
    payload: dict[str, Any] = answer["data"]["accountsBulkUpsert"]
    assert [result["index"] for result in payload["results"]] in ([], list(range(len(rows))))
    return payload


def statuses(payload: dict[str, Any]) -> list[str]:
    return [result["status"] for result in payload["results"]]


async def count(execute: Execute, entity: str = "accounts") -> int:
    return int((await execute(f"{{ {entity} {{ totalCount }} }}"))["data"][entity]["totalCount"])


async def test_rows_are_created_updated_or_unchanged(execute: Execute) -> None:
    first = await bulk(execute, row("a"), row("b"))
    assert first["results"][0] == {
        "index": 0,
        "rowKey": "a",
        "status": "CREATED",
        "account": {"name": "a", "version": 1},
        "diff": None,
        "userErrors": [],
    }
    second = await bulk(execute, row("c"), row("b", industry="x"), row("a"))
    assert statuses(second) == ["CREATED", "UPDATED", "NOOP"]
    assert [result["account"]["version"] for result in second["results"]] == [1, 2, 1]


INVALID_ROWS = [
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


@pytest.mark.parametrize(("invalid", "code", "path"), INVALID_ROWS)
async def test_an_invalid_row_has_an_error_path_and_the_policy_decides_about_the_other_rows(
    execute: Execute, invalid: object, code: str, path: list[str]
) -> None:
    error = {"code": code, "path": ["input", "rows", "1", *path]}
    rejected = await bulk(execute, row("a"), invalid)
    assert statuses(rejected) == ["SKIPPED", "FAILED"]
    assert rejected["results"][1]["userErrors"] == [error]
    assert [{"code": e["code"], "path": e["path"]} for e in rejected["userErrors"]] == [error]
    assert await count(execute) == 0
    partial = await bulk(execute, row("a"), invalid, policy="REJECT_FAILED_ROWS")
    assert (statuses(partial), len(partial["userErrors"])) == (["CREATED", "FAILED"], 1)
    ignoring = await bulk(execute, row("a"), invalid, policy="IGNORE_FAILED")
    assert (statuses(ignoring), ignoring["userErrors"]) == (["NOOP", "FAILED"], [])
    assert ignoring["results"][1]["userErrors"] == [error]


async def test_an_invalid_date_has_an_error_path(execute: Execute) -> None:
    query = """mutation ($rows: [ContactUpsertRow!]!) {
      contactsBulkUpsert(input: {rows: $rows}) { userErrors { code path } } }"""
    answer = await execute(query, rows=[{**row("x"), "lastName": "x", "birthday": "2026-02-30"}])
    errors = answer["data"]["contactsBulkUpsert"]["userErrors"]
    assert {"code": "INVALID", "path": ["input", "rows", "0", "birthday"]} in errors


async def test_an_empty_call_and_a_call_with_too_many_rows_are_rejected(execute: Execute) -> None:
    for rows, code in (([], "REQUIRED"), ([row(str(n)) for n in range(1001)], "TOO_LONG")):
        payload = await bulk(execute, *rows)
        assert payload["results"] == []
        assert [(e["code"], e["path"]) for e in payload["userErrors"]] == [(code, ["input", "rows"])]
    assert await count(execute) == 0


async def test_the_input_can_be_one_variable(execute: Execute) -> None:
    query = """mutation ($input: AccountBulkUpsertInput!) {
      accountsBulkUpsert(input: $input) { results { status userErrors { path } } } }"""
    answer = await execute(
        query, input={"rows": [row("a"), row("b", employees="x")], "errorPolicy": "IGNORE_FAILED"}
    )
    results = answer["data"]["accountsBulkUpsert"]["results"]
    assert [result["status"] for result in results] == ["CREATED", "FAILED"]
    with pytest.raises(InvalidVariablesError, match="ErrorPolicy"):
        await execute(query, input={"rows": [row("a")], "errorPolicy": "SHRUG"})


async def test_rows_can_be_literals_in_the_document(execute: Execute) -> None:
    match = 'match: {externalRef: {system: "erp", id: "1"}}'
    rows = f'rows: [{{{match}, name: "A"}}]'
    answer = await execute(f"mutation {{ accountsBulkUpsert(input: {{{rows}}}) {{ results {{ status }} }} }}")
    assert answer["data"]["accountsBulkUpsert"]["results"] == [{"status": "CREATED"}]


async def test_a_dry_run_returns_the_changed_fields_and_writes_nothing(execute: Execute) -> None:
    await bulk(execute, row("a", address={"city": "Bonn"}), row("b"))
    preview = await bulk(
        execute,
        row("a", address={"city": "Köln"}, parent={"externalRef": {"system": "erp", "id": "c"}}),
        row("b"),
        row("c"),
        row("d", employees=-1),
        dry=True,
    )
    assert statuses(preview) == ["WOULD_UPDATE", "NOOP", "WOULD_CREATE", "CONFLICT"]
    moved, parent = preview["results"][0]["diff"]
    empty = {"street": None, "region": None, "postalCode": None, "country": None}
    assert moved == {
        "field": "address",
        "before": {"city": "Bonn", **empty},
        "after": {"city": "Köln", **empty},
    }
    assert (parent["field"], parent["before"], list(parent["after"])) == ("parent", None, ["id"])
    assert preview["results"][1]["diff"] == []
    assert {"field": "name", "before": None, "after": "c"} in preview["results"][2]["diff"]
    assert preview["results"][2]["account"] is None
    assert await count(execute) == 2
    assert statuses(await bulk(execute, row("a", address={"city": "Bonn"}), row("b"))) == ["NOOP", "NOOP"]


async def test_rows_can_reference_each_other_in_any_order(execute: Execute) -> None:
    def child(key: str, parent: str) -> dict[str, Any]:
        return row(key, parent={"externalRef": {"system": "erp", "id": parent}})

    assert statuses(await bulk(execute, child("c", "b"), child("b", "a"), row("a"))) == ["CREATED"] * 3
    reversed_ = await bulk(execute, row("c", parent=None), child("a", "c"), child("b", "c"))
    assert statuses(reversed_) == ["UPDATED"] * 3
    cycle = await bulk(execute, child("x", "y"), child("y", "x"), row("z"), policy="IGNORE_FAILED")
    assert statuses(cycle) == ["FAILED", "FAILED", "CREATED"]


async def test_a_row_that_references_a_rejected_row_is_rejected(execute: Execute) -> None:
    def child(key: str, parent: str) -> dict[str, Any]:
        return row(key, parent={"externalRef": {"system": "erp", "id": parent}})

    rows = child("c", "b"), child("b", "a"), row("a", parent={"id": "0190f000-0000-7000-8000-000000000000"})
    payload = await bulk(execute, *rows, row("z"), policy="IGNORE_FAILED")
    assert statuses(payload) == ["FAILED", "FAILED", "FAILED", "CREATED"]
    assert payload["results"][0]["userErrors"][0]["code"] == "NOT_FOUND"
    assert statuses(await bulk(execute, row("a"), row("b"))) == ["CREATED", "CREATED"]


async def test_the_cost_of_returned_records_counts_every_row(execute: Execute) -> None:
    query = """mutation ($rows: [AccountUpsertRow!]!) { accountsBulkUpsert(input: {rows: $rows}) {
      results { account { contacts(first: 10) { nodes { id } } } } } }"""
    with pytest.raises(RequestTooLargeError):
        await execute(query, rows=[row(str(n)) for n in range(1000)])
    assert await count(execute) == 0
