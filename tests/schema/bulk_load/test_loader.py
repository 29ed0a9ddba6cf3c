"""Loads: `POST /bulk/{entity}` takes rows in a stream, refuses faulty ones, and writes the rest."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import httpx
import orjson
import pytest

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Role

Answer = list[dict[str, Any]]


def row(number: int | str, **fields: Any) -> dict[str, Any]:
    return {"match": {"externalRef": {"system": "erp", "id": str(number)}}, "name": f"A{number}", **fields}


def ndjson(rows: Iterable[Any]) -> bytes:
    return b"".join(one if isinstance(one, bytes) else orjson.dumps(one) + b"\n" for one in rows)


async def load(
    client: httpx.AsyncClient,
    body: bytes | AsyncIterator[bytes],
    entity: str = "Account",
    kind: str = "application/x-ndjson",
    **options: str,
) -> Answer:
    response = await client.post(
        f"/bulk/{entity}", content=body, headers={"Content-Type": kind}, params=options
    )
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [orjson.loads(line) for line in response.content.splitlines()]


async def refused(
    client: httpx.AsyncClient,
    body: bytes,
    status: int,
    entity: str = "Account",
    kind: str = "application/x-ndjson",
    **options: str,
) -> dict[str, Any]:
    response = await client.post(
        f"/bulk/{entity}", content=body, headers={"Content-Type": kind}, params=options
    )
    assert response.status_code == status, response.text
    [error] = response.json()["errors"]
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    return error


async def names(client: httpx.AsyncClient) -> list[str]:
    answer = await client.post("/graphql", json={"query": "{ accounts(first: 100) { nodes { name } } }"})
    return sorted(node["name"] for node in answer.json()["data"]["accounts"]["nodes"])


def statuses(answer: Answer) -> list[str]:
    return [line["status"] for line in answer[:-1]]


async def test_each_row_is_answered_in_its_order_and_the_last_line_counts_them(
    client: httpx.AsyncClient,
) -> None:
    answer = await load(client, ndjson(row(n) for n in range(2_500)))
    assert [line["index"] for line in answer[:-1]] == list(range(2_500))
    assert [line["rowKey"] for line in answer[:-1]] == [str(n) for n in range(2_500)]
    assert set(statuses(answer)) == {"CREATED"}
    assert answer[0].keys() == {"index", "rowKey", "status", "id", "userErrors"}
    assert uuid.UUID(answer[0]["id"])
    assert answer[-1] == {"done": True, "ok": True, "rows": 2_500, "counts": {"CREATED": 2_500}}


async def test_the_same_load_again_changes_nothing_and_a_changed_row_is_updated(
    client: httpx.AsyncClient,
) -> None:
    await load(client, ndjson(row(n) for n in range(3)))
    again = await load(client, ndjson([row(0), row(1, name="New"), row(2)]))
    assert statuses(again) == ["NOOP", "UPDATED", "NOOP"]
    assert await names(client) == ["A0", "A2", "New"]


FAULTY = [
    pytest.param(b'{"name": \n', "INVALID", [], "no JSON", id="broken JSON"),
    pytest.param(b'{"name": "\xff"}\n', "INVALID", [], "no JSON", id="not UTF-8"),
    pytest.param(b"[1]\n", "INVALID", [], "object with fields", id="no object"),
    pytest.param(b"NaN\n", "INVALID", [], "no JSON", id="NaN"),
    pytest.param(ndjson([row(9, nmae="x")]), "UNKNOWN_FIELD", ["nmae"], "nmae", id="unknown field"),
    pytest.param(ndjson([row(9, employees="x")]), "INVALID", ["employees"], "whole number", id="wrong type"),
    pytest.param(ndjson([{"name": "x"}]), "REQUIRED", ["match"], "which record", id="no match"),
    pytest.param(b'{"name": "' + b"x" * 10_000_000 + b'"}\n', "TOO_LONG", [], "1000000", id="a 10 MB line"),
    pytest.param(b"[" * 100 + b"]" * 100 + b"\n", "INVALID", [], "nested", id="too deep"),
    pytest.param(
        ndjson([row(9, parent={"externalRef": {"system": "erp", "id": "none"}})]),
        "NOT_FOUND",
        ["parent"],
        "none",
        id="missing parent",
    ),
]


@pytest.mark.parametrize(("line", "code", "path", "part"), FAULTY)
async def test_a_faulty_row_says_what_is_wrong_and_the_others_are_written(
    client: httpx.AsyncClient, line: bytes, code: str, path: list[str], part: str
) -> None:
    answer = await load(client, ndjson([row(1), line, row(2)]))
    assert statuses(answer) == ["CREATED", "FAILED", "CREATED"]
    [error] = answer[1]["userErrors"]
    assert (error["code"], error["path"][: len(path)]) == (code, path)
    assert part in error["message"]
    assert answer[-1] == {"done": True, "ok": False, "rows": 3, "counts": {"CREATED": 2, "FAILED": 1}}
    assert await names(client) == ["A1", "A2"]


async def test_ignore_failed_tells_of_a_faulty_row_and_calls_the_load_well(client: httpx.AsyncClient) -> None:
    answer = await load(client, ndjson([row(1), b"{\n"]), errorPolicy="IGNORE_FAILED")
    assert statuses(answer) == ["CREATED", "FAILED"]
    assert answer[-1]["ok"] is True


async def test_reject_everything_ends_the_load_at_the_chunk_of_a_faulty_row(
    client: httpx.AsyncClient,
) -> None:
    rows = [row(n) for n in range(3_000)]
    rows[1_500] = row(1_500, employees=-1)
    answer = await load(client, ndjson(rows), errorPolicy="REJECT_EVERYTHING")
    assert statuses(answer)[:1_000] == ["CREATED"] * 1_000
    assert statuses(answer)[1_000:] == ["SKIPPED"] * 500 + ["FAILED"] + ["SKIPPED"] * 499
    assert answer[-1]["done"] is False
    assert [error["extensions"]["code"] for error in answer[-1]["errors"]] == ["REJECTED"]
    total = await client.post("/graphql", json={"query": "{ accounts { totalCount } }"})
    assert total.json()["data"]["accounts"]["totalCount"] == 1_000


async def test_a_dry_run_tells_of_every_row_and_writes_nothing(client: httpx.AsyncClient) -> None:
    await load(client, ndjson([row(1)]))
    rows = [row(1, name="New"), row(2), row(3, employees=-1)]
    answer = await load(client, ndjson(rows), dryRun="true", errorPolicy="REJECT_EVERYTHING")
    assert statuses(answer) == ["WOULD_UPDATE", "WOULD_CREATE", "CONFLICT"]
    assert answer[0]["diff"] == [{"field": "name", "before": "A1", "after": "New"}]
    assert answer[-1]["done"] is True
    assert await names(client) == ["A1"]


async def test_skip_leaves_what_is_there_alone(client: httpx.AsyncClient) -> None:
    await load(client, ndjson([row(1)]))
    answer = await load(client, ndjson([row(1, name="New"), row(2)]), onConflict="SKIP")
    assert statuses(answer) == ["NOOP", "CREATED"]
    assert await names(client) == ["A1", "A2"]


async def test_of_two_rows_with_one_key_the_later_wins(client: httpx.AsyncClient) -> None:
    answer = await load(client, ndjson([row(1), row(2), row(1, name="Later")]))
    assert statuses(answer) == ["CREATED", "CREATED", "UPDATED"]
    assert [line["index"] for line in answer[:-1]] == [0, 1, 2]
    assert await names(client) == ["A2", "Later"]


async def test_children_may_stand_before_their_parents(client: httpx.AsyncClient) -> None:
    child = row(1, parent={"externalRef": {"system": "erp", "id": "2"}})
    assert statuses(await load(client, ndjson([child, row(2)]))) == ["CREATED", "CREATED"]


async def test_a_body_is_read_however_it_is_cut(client: httpx.AsyncClient) -> None:
    body = b"\xef\xbb\xbf" + ndjson([row(1), b"\r\n", row(2, name="Zoë")]).rstrip(b"\n")

    async def bytes_one_by_one() -> AsyncIterator[bytes]:
        for number in range(len(body)):
            yield body[number : number + 1]

    assert statuses(await load(client, bytes_one_by_one())) == ["CREATED", "CREATED"]
    assert await names(client) == ["A1", "Zoë"]


async def test_an_empty_body_has_no_rows(client: httpx.AsyncClient) -> None:
    assert await load(client, b"\n\n") == [{"done": True, "ok": True, "rows": 0, "counts": {}}]


CSV_HEADER = (
    b"match.externalRef.system,match.externalRef.id,name,address.city,employees,"
    b"parent.externalRef.system,parent.externalRef.id\n"
)


async def test_csv_fills_the_places_that_its_header_names(client: httpx.AsyncClient) -> None:
    body = CSV_HEADER + (
        b'erp,1,"Foo, ""Bar""\r\nInc",Leeds,12,erp,\r\nerp,2,Five" pipes,,,erp,1\r\n\r\nerp,3,C,York,x,erp,'
    )
    answer = await load(client, body, kind="text/csv; charset=UTF-8")
    assert statuses(answer) == ["CREATED", "CREATED", "FAILED"]
    assert answer[2]["userErrors"][0]["path"] == ["employees"]
    query = "{ accounts { nodes { name employees address { city } parent { name } } } }"
    found = (await client.post("/graphql", json={"query": query})).json()["data"]["accounts"]["nodes"]
    assert sorted(found, key=lambda node: node["name"]) == [
        {"name": 'Five" pipes', "employees": None, "address": None, "parent": {"name": 'Foo, "Bar"\r\nInc'}},
        {"name": 'Foo, "Bar"\r\nInc', "employees": 12, "address": {"city": "Leeds"}, "parent": None},
    ]


async def test_an_empty_cell_empties_a_field_and_a_missing_column_leaves_it(
    client: httpx.AsyncClient,
) -> None:
    full = row(1, industry="Retail", tier="gold", tags=["a"], attributes={"x": 1}, address={"city": "Leeds"})
    await load(client, ndjson([full]))
    header = b"match.externalRef.system,match.externalRef.id,industry,tags,attributes.y,address.city\n"
    answer = await load(client, header + b"erp,1,,,,\n", kind="text/csv")
    assert statuses(answer) == ["UPDATED"]
    query = "{ accounts { nodes { industry tier tags attributes address { city } } } }"
    [found] = (await client.post("/graphql", json={"query": query})).json()["data"]["accounts"]["nodes"]
    assert found == {"industry": None, "tier": "gold", "tags": [], "attributes": {}, "address": None}


WRONG_LINES = [
    pytest.param(b"erp,9,A\n", "3 cells", id="too few cells"),
    pytest.param(b'erp,9,"A"x,,,,\n', "no CSV", id="text behind quotes"),
    pytest.param(b"erp,9,\xff,,,,\n", "UTF-8", id="not UTF-8"),
    pytest.param(b"erp,9," + b"x" * 2_000_000 + b",,,,\n", "1000000 bytes", id="too long"),
    pytest.param(b'erp,9,"' + b"x\n" * 600_000 + b'",,,,\n', "1000000 bytes", id="too long in quotes"),
    pytest.param(b'erp,9,"' + CSV_HEADER * 20_000 + b'",,,,\n', "1000000 bytes", id="a table in quotes"),
]


@pytest.mark.parametrize(("line", "part"), WRONG_LINES)
async def test_a_line_that_is_no_csv_is_refused_and_the_others_are_written(
    client: httpx.AsyncClient, line: bytes, part: str
) -> None:
    body = CSV_HEADER + b"erp,1,A1,,,,\n" + line + b"erp,2,A2,,,,\n"
    answer = await load(client, body, kind="text/csv")
    assert statuses(answer) == ["CREATED", "FAILED", "CREATED"]
    assert part in answer[1]["userErrors"][0]["message"]
    assert await names(client) == ["A1", "A2"]


async def test_a_cell_nested_too_deep_is_refused_and_the_others_are_written(
    client: httpx.AsyncClient,
) -> None:
    header = b"match.externalRef.system,match.externalRef.id,name,attributes\n"
    deep = b'erp,1,A1,"{""a"":' + b"[" * 1_000 + b"]" * 1_000 + b'}"\n'
    answer = await load(client, header + deep + b"erp,2,A2,\n", kind="text/csv")
    assert statuses(answer) == ["FAILED", "CREATED"]
    assert "64 deep" in answer[0]["userErrors"][0]["message"]


async def test_a_table_may_begin_with_a_byte_order_mark(client: httpx.AsyncClient) -> None:
    header = b'\xef\xbb\xbf"match.externalRef.system",match.externalRef.id,name\r\n'
    assert statuses(await load(client, header + b"erp,1,A1\r\n", kind="text/csv")) == ["CREATED"]


async def test_quotes_that_stay_open_are_a_row_that_is_refused(client: httpx.AsyncClient) -> None:
    answer = await load(client, CSV_HEADER + b'erp,1,A1,,,,\nerp,2,"A2,,,,\n', kind="text/csv")
    assert statuses(answer) == ["CREATED", "FAILED"]
    assert "quotes" in answer[1]["userErrors"][0]["message"]


WRONG_HEADERS = [
    pytest.param(b"", "no first line", id="empty"),
    pytest.param(b"match.id,nmae\n", "Did you mean name?", id="misspelt"),
    pytest.param(b"match.id,name,name\n", "same place", id="twice"),
    pytest.param(b"match.id,attributes,attributes.x\n", "same place", id="whole and part"),
    pytest.param(b"match.id,address\n", "address.", id="a whole with parts"),
    pytest.param(b"match.id,createdAt\n", "createdAt", id="read only"),
    pytest.param(b"name\n", "which record", id="no match"),
    pytest.param(b'match.id,"name\n', "first line", id="open quotes"),
    pytest.param(b"match.id,\xff\n", "UTF-8", id="not UTF-8"),
]


@pytest.mark.parametrize(("header", "part"), WRONG_HEADERS)
async def test_a_wrong_header_refuses_the_load(client: httpx.AsyncClient, header: bytes, part: str) -> None:
    error = await refused(client, header, 400, kind="text/csv")
    assert part in error["message"]


async def test_what_can_not_be_a_load_is_refused_with_a_status(client: httpx.AsyncClient) -> None:
    assert "Account, Contact" in (await refused(client, b"", 400, entity="Acount"))["message"]
    assert "application/x-ndjson" in (await refused(client, b"", 415, kind="application/json"))["message"]
    await refused(client, b"", 415, kind="text/csv; charset=cp1252")
    assert "dryrun" in (await refused(client, b"", 400, dryrun="true"))["message"]
    assert "true, false" in (await refused(client, b"", 400, dryRun="yes"))["message"]
    assert "REJECT_FAILED_ROWS" in (await refused(client, b"", 400, errorPolicy="x"))["message"]


async def test_only_a_known_key_that_may_write_may_load(client: httpx.AsyncClient, database_url: str) -> None:
    reader = create_key(database_url, f"reader {uuid.uuid4()}", Role.READER, "test", "test").secret
    for authorization, status in ((f"Bearer {reader}", 403), ("Bearer unknown", 401)):
        client.headers["Authorization"] = authorization
        await refused(client, ndjson([row(1)]), status)


async def test_no_more_loads_run_at_once_than_the_setting_allows(client: httpx.AsyncClient, app: Any) -> None:
    begun, sending = asyncio.Semaphore(0), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield ndjson([row(1)])
        begun.release()
        await sending.wait()

    running = [asyncio.create_task(load(client, slow())) for _ in range(app.state.settings.max_bulk_loads)]
    for _ in running:
        await begun.acquire()
    assert (await refused(client, ndjson([row(2)]), 429))["extensions"]["code"] == "BUSY"
    sending.set()
    await asyncio.gather(*running)
    assert statuses(await load(client, ndjson([row(2)]))) == ["CREATED"]


@pytest.fixture
def impatient(app: Any) -> Iterator[Any]:
    """The application's settings, which let a load pause for a moment only."""
    settings = app.state.settings
    app.state.settings = settings.model_copy(update={"bulk_idle_seconds": 0.2})
    yield app.state.settings
    app.state.settings = settings


async def test_a_client_that_sends_nothing_more_loses_its_place(
    client: httpx.AsyncClient, impatient: Any
) -> None:
    async def halting() -> AsyncIterator[bytes]:
        yield ndjson(row(number) for number in range(1_001))
        await asyncio.Event().wait()

    halted = [asyncio.create_task(load(client, halting())) for _ in range(impatient.max_bulk_loads)]
    for answer in await asyncio.gather(*halted):
        [error] = answer[-1]["errors"]
        assert (answer[-1]["rows"], error["extensions"]["code"]) == (1_000, "TIMEOUT")
        assert error["extensions"]["retryable"]
    assert statuses(await load(client, ndjson([row(0)]))) == ["NOOP"]
