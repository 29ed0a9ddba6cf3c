"""`POST /bulk/{entity}` reads NDJSON and CSV, rejects invalid rows and writes the others."""

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

ResultLines = list[dict[str, Any]]


def row(number: int | str, **fields: Any) -> dict[str, Any]:
    return {"match": {"externalRef": {"system": "erp", "id": str(number)}}, "name": f"A{number}", **fields}


def encode_ndjson(rows: Iterable[Any]) -> bytes:
    return b"".join(item if isinstance(item, bytes) else orjson.dumps(item) + b"\n" for item in rows)


async def load(
    client: httpx.AsyncClient,
    body: bytes | AsyncIterator[bytes],
    entity: str = "Account",
    media_type: str = "application/x-ndjson",
    **options: str,
) -> ResultLines:
    response = await client.post(
        f"/bulk/{entity}", content=body, headers={"Content-Type": media_type}, params=options
    )
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [orjson.loads(line) for line in response.content.splitlines()]


async def load_rejected(
    client: httpx.AsyncClient,
    body: bytes,
    status: int,
    entity: str = "Account",
    media_type: str = "application/x-ndjson",
    **options: str,
) -> dict[str, Any]:
    response = await client.post(
        f"/bulk/{entity}", content=body, headers={"Content-Type": media_type}, params=options
    )
    assert response.status_code == status, response.text
    [error] = response.json()["errors"]
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    return error


async def read_names(client: httpx.AsyncClient) -> list[str]:
    lines = await client.post("/graphql", json={"query": "{ accounts(first: 100) { nodes { name } } }"})
    return sorted(node["name"] for node in lines.json()["data"]["accounts"]["nodes"])


def get_statuses(lines: ResultLines) -> list[str]:
    return [line["status"] for line in lines[:-1]]


async def test_each_row_has_a_line_in_order_and_the_last_line_has_the_totals(
    client: httpx.AsyncClient,
) -> None:
    lines = await load(client, encode_ndjson(row(n) for n in range(2_500)))
    assert [line["index"] for line in lines[:-1]] == list(range(2_500))
    assert [line["rowKey"] for line in lines[:-1]] == [str(n) for n in range(2_500)]
    assert set(get_statuses(lines)) == {"CREATED"}
    assert lines[0].keys() == {"index", "rowKey", "status", "id", "userErrors"}
    assert uuid.UUID(lines[0]["id"])
    assert lines[-1] == {"done": True, "ok": True, "rows": 2_500, "counts": {"CREATED": 2_500}}


async def test_a_repeated_load_updates_only_changed_rows(
    client: httpx.AsyncClient,
) -> None:
    await load(client, encode_ndjson(row(n) for n in range(3)))
    again = await load(client, encode_ndjson([row(0), row(1, name="New"), row(2)]))
    assert get_statuses(again) == ["NOOP", "UPDATED", "NOOP"]
    assert await read_names(client) == ["A0", "A2", "New"]


INVALID_ROWS = [
    pytest.param(b'{"name": \n', "INVALID", [], "not valid JSON", id="broken JSON"),
    pytest.param(b'{"name": "\xff"}\n', "INVALID", [], "not valid JSON", id="not UTF-8"),
    pytest.param(b"[1]\n", "INVALID", [], "object with fields", id="no object"),
    pytest.param(b"NaN\n", "INVALID", [], "not valid JSON", id="NaN"),
    pytest.param(encode_ndjson([row(9, nmae="x")]), "UNKNOWN_FIELD", ["nmae"], "nmae", id="unknown field"),
    pytest.param(
        encode_ndjson([row(9, employees="x")]), "INVALID", ["employees"], "an integer", id="wrong type"
    ),
    pytest.param(encode_ndjson([{"name": "x"}]), "REQUIRED", ["match"], "externalRef", id="no match"),
    pytest.param(b'{"name": "' + b"x" * 10_000_000 + b'"}\n', "TOO_LONG", [], "1000000", id="a 10 MB line"),
    pytest.param(b"[" * 100 + b"]" * 100 + b"\n", "INVALID", [], "nested", id="too deep"),
    pytest.param(
        encode_ndjson([row(9, parent={"externalRef": {"system": "erp", "id": "none"}})]),
        "NOT_FOUND",
        ["parent"],
        "none",
        id="missing parent",
    ),
]


@pytest.mark.parametrize(("line", "code", "path", "part"), INVALID_ROWS)
async def test_an_invalid_row_is_reported_and_the_others_are_written(
    client: httpx.AsyncClient, line: bytes, code: str, path: list[str], part: str
) -> None:
    lines = await load(client, encode_ndjson([row(1), line, row(2)]))
    assert get_statuses(lines) == ["CREATED", "FAILED", "CREATED"]
    [error] = lines[1]["userErrors"]
    assert (error["code"], error["path"][: len(path)]) == (code, path)
    assert part in error["message"]
    assert lines[-1] == {"done": True, "ok": False, "rows": 3, "counts": {"CREATED": 2, "FAILED": 1}}
    assert await read_names(client) == ["A1", "A2"]


async def test_ignore_failed_reports_an_invalid_row_with_ok_true(client: httpx.AsyncClient) -> None:
    lines = await load(client, encode_ndjson([row(1), b"{\n"]), errorPolicy="IGNORE_FAILED")
    assert get_statuses(lines) == ["CREATED", "FAILED"]
    assert lines[-1]["ok"] is True


async def test_reject_everything_ends_the_load_at_the_chunk_of_an_invalid_row(
    client: httpx.AsyncClient,
) -> None:
    rows = [row(n) for n in range(3_000)]
    rows[1_500] = row(1_500, employees=-1)
    lines = await load(client, encode_ndjson(rows), errorPolicy="REJECT_EVERYTHING")
    assert get_statuses(lines)[:1_000] == ["CREATED"] * 1_000
    assert get_statuses(lines)[1_000:] == ["SKIPPED"] * 500 + ["FAILED"] + ["SKIPPED"] * 499
    assert lines[-1]["done"] is False
    assert [error["extensions"]["code"] for error in lines[-1]["errors"]] == ["REJECTED"]
    total = await client.post("/graphql", json={"query": "{ accounts { totalCount } }"})
    assert total.json()["data"]["accounts"]["totalCount"] == 1_000


async def test_a_dry_run_reports_every_row_and_writes_nothing(client: httpx.AsyncClient) -> None:
    await load(client, encode_ndjson([row(1)]))
    rows = [row(1, name="New"), row(2), row(3, employees=-1)]
    lines = await load(client, encode_ndjson(rows), dryRun="true", errorPolicy="REJECT_EVERYTHING")
    assert get_statuses(lines) == ["WOULD_UPDATE", "WOULD_CREATE", "CONFLICT"]
    assert lines[0]["diff"] == [{"field": "name", "before": "A1", "after": "New"}]
    assert lines[-1]["done"] is True
    assert await read_names(client) == ["A1"]


async def test_skip_does_not_change_existing_records(client: httpx.AsyncClient) -> None:
    await load(client, encode_ndjson([row(1)]))
    lines = await load(client, encode_ndjson([row(1, name="New"), row(2)]), onConflict="SKIP")
    assert get_statuses(lines) == ["NOOP", "CREATED"]
    assert await read_names(client) == ["A1", "A2"]


async def test_of_two_rows_with_the_same_key_the_later_is_stored(client: httpx.AsyncClient) -> None:
    lines = await load(client, encode_ndjson([row(1), row(2), row(1, name="Later")]))
    assert get_statuses(lines) == ["CREATED", "CREATED", "UPDATED"]
    assert [line["index"] for line in lines[:-1]] == [0, 1, 2]
    assert await read_names(client) == ["A2", "Later"]


async def test_a_child_can_precede_its_parent(client: httpx.AsyncClient) -> None:
    child = row(1, parent={"externalRef": {"system": "erp", "id": "2"}})
    assert get_statuses(await load(client, encode_ndjson([child, row(2)]))) == ["CREATED", "CREATED"]


async def test_a_body_can_arrive_in_pieces_of_any_size(client: httpx.AsyncClient) -> None:
    body = b"\xef\xbb\xbf" + encode_ndjson([row(1), b"\r\n", row(2, name="Zoë")]).rstrip(b"\n")

    async def bytes_one_by_one() -> AsyncIterator[bytes]:
        for number in range(len(body)):
            yield body[number : number + 1]

    assert get_statuses(await load(client, bytes_one_by_one())) == ["CREATED", "CREATED"]
    assert await read_names(client) == ["A1", "Zoë"]


async def test_an_empty_body_has_no_rows(client: httpx.AsyncClient) -> None:
    assert await load(client, b"\n\n") == [{"done": True, "ok": True, "rows": 0, "counts": {}}]


CSV_HEADER = (
    b"match.externalRef.system,match.externalRef.id,name,address.city,employees,"
    b"parent.externalRef.system,parent.externalRef.id\n"
)


async def test_csv_columns_set_the_fields_of_the_header(client: httpx.AsyncClient) -> None:
    body = CSV_HEADER + (
        b'erp,1,"Foo, ""Bar""\r\nInc",Leeds,12,erp,\r\nerp,2,Five" pipes,,,erp,1\r\n\r\nerp,3,C,York,x,erp,'
    )
    lines = await load(client, body, media_type="text/csv; charset=UTF-8")
    assert get_statuses(lines) == ["CREATED", "CREATED", "FAILED"]
    assert lines[2]["userErrors"][0]["path"] == ["employees"]
    query = "{ accounts { nodes { name employees address { city } parent { name } } } }"
    nodes = (await client.post("/graphql", json={"query": query})).json()["data"]["accounts"]["nodes"]
    assert sorted(nodes, key=lambda node: node["name"]) == [
        {"name": 'Five" pipes', "employees": None, "address": None, "parent": {"name": 'Foo, "Bar"\r\nInc'}},
        {"name": 'Foo, "Bar"\r\nInc', "employees": 12, "address": {"city": "Leeds"}, "parent": None},
    ]


async def test_an_empty_cell_clears_a_field_and_a_missing_column_keeps_it(
    client: httpx.AsyncClient,
) -> None:
    full = row(1, industry="Retail", tier="gold", tags=["a"], attributes={"x": 1}, address={"city": "Leeds"})
    await load(client, encode_ndjson([full]))
    header = b"match.externalRef.system,match.externalRef.id,industry,tags,attributes.y,address.city\n"
    lines = await load(client, header + b"erp,1,,,,\n", media_type="text/csv")
    assert get_statuses(lines) == ["UPDATED"]
    query = "{ accounts { nodes { industry tier tags attributes address { city } } } }"
    [nodes] = (await client.post("/graphql", json={"query": query})).json()["data"]["accounts"]["nodes"]
    assert nodes == {"industry": None, "tier": "gold", "tags": [], "attributes": {}, "address": None}


MALFORMED_LINES = [
    pytest.param(b"erp,9,A\n", "3 cells", id="too few cells"),
    pytest.param(b'erp,9,"A"x,,,,\n', "not valid CSV", id="text behind quotes"),
    pytest.param(b"erp,9,\xff,,,,\n", "UTF-8", id="not UTF-8"),
    pytest.param(b"erp,9," + b"x" * 2_000_000 + b",,,,\n", "1000000 bytes", id="too long"),
    pytest.param(b'erp,9,"' + b"x\n" * 600_000 + b'",,,,\n', "1000000 bytes", id="too long in quotes"),
    pytest.param(b'erp,9,"' + CSV_HEADER * 20_000 + b'",,,,\n', "1000000 bytes", id="a table in quotes"),
]


@pytest.mark.parametrize(("line", "part"), MALFORMED_LINES)
async def test_a_malformed_csv_line_is_rejected_and_the_others_are_written(
    client: httpx.AsyncClient, line: bytes, part: str
) -> None:
    body = CSV_HEADER + b"erp,1,A1,,,,\n" + line + b"erp,2,A2,,,,\n"
    lines = await load(client, body, media_type="text/csv")
    assert get_statuses(lines) == ["CREATED", "FAILED", "CREATED"]
    assert part in lines[1]["userErrors"][0]["message"]
    assert await read_names(client) == ["A1", "A2"]


async def test_a_deeply_nested_cell_is_rejected_and_the_others_are_written(
    client: httpx.AsyncClient,
) -> None:
    header = b"match.externalRef.system,match.externalRef.id,name,attributes\n"
    deep = b'erp,1,A1,"{""a"":' + b"[" * 1_000 + b"]" * 1_000 + b'}"\n'
    lines = await load(client, header + deep + b"erp,2,A2,\n", media_type="text/csv")
    assert get_statuses(lines) == ["FAILED", "CREATED"]
    assert "64 levels deep" in lines[0]["userErrors"][0]["message"]


async def test_csv_can_start_with_a_byte_order_mark(client: httpx.AsyncClient) -> None:
    header = b'\xef\xbb\xbf"match.externalRef.system",match.externalRef.id,name\r\n'
    assert get_statuses(await load(client, header + b"erp,1,A1\r\n", media_type="text/csv")) == ["CREATED"]


async def test_a_row_with_unclosed_quotes_is_rejected(client: httpx.AsyncClient) -> None:
    lines = await load(client, CSV_HEADER + b'erp,1,A1,,,,\nerp,2,"A2,,,,\n', media_type="text/csv")
    assert get_statuses(lines) == ["CREATED", "FAILED"]
    assert "quotes" in lines[1]["userErrors"][0]["message"]


INVALID_HEADERS = [
    pytest.param(b"", "no header", id="empty"),
    pytest.param(b"match.id,nmae\n", "Did you mean name?", id="misspelt"),
    pytest.param(b"match.id,name,name\n", "same value", id="twice"),
    pytest.param(b"match.id,attributes,attributes.x\n", "same value", id="whole and part"),
    pytest.param(b"match.id,address\n", "address.", id="a whole with parts"),
    pytest.param(b"match.id,createdAt\n", "createdAt", id="read only"),
    pytest.param(b"name\n", "no match key", id="no match"),
    pytest.param(b'match.id,"name\n', "quotes are not closed", id="open quotes"),
    pytest.param(b"match.id,\xff\n", "UTF-8", id="not UTF-8"),
]


@pytest.mark.parametrize(("header", "part"), INVALID_HEADERS)
async def test_an_invalid_header_is_rejected(client: httpx.AsyncClient, header: bytes, part: str) -> None:
    error = await load_rejected(client, header, 400, media_type="text/csv")
    assert part in error["message"]


async def test_an_invalid_request_is_rejected_with_a_status(client: httpx.AsyncClient) -> None:
    assert "Account, Contact" in (await load_rejected(client, b"", 400, entity="Acount"))["message"]
    assert (
        "application/x-ndjson"
        in (await load_rejected(client, b"", 415, media_type="application/json"))["message"]
    )
    await load_rejected(client, b"", 415, media_type="text/csv; charset=cp1252")
    assert "dryrun" in (await load_rejected(client, b"", 400, dryrun="true"))["message"]
    assert "true, false" in (await load_rejected(client, b"", 400, dryRun="yes"))["message"]
    assert "REJECT_FAILED_ROWS" in (await load_rejected(client, b"", 400, errorPolicy="x"))["message"]


async def test_a_load_needs_a_key_with_write_permission(client: httpx.AsyncClient, database_url: str) -> None:
    reader = create_key(database_url, f"reader {uuid.uuid4()}", Role.READER, "test", "test").secret
    for authorization, status in ((f"Bearer {reader}", 403), ("Bearer unknown", 401)):
        client.headers["Authorization"] = authorization
        await load_rejected(client, encode_ndjson([row(1)]), status)


async def test_the_number_of_concurrent_loads_is_limited(client: httpx.AsyncClient, app: Any) -> None:
    started, sending = asyncio.Semaphore(0), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield encode_ndjson([row(1)])
        started.release()
        await sending.wait()

    loads = [asyncio.create_task(load(client, slow())) for _ in range(app.state.settings.max_bulk_loads)]
    for _ in loads:
        await started.acquire()
    assert (await load_rejected(client, encode_ndjson([row(2)]), 429))["extensions"]["code"] == "BUSY"
    sending.set()
    await asyncio.gather(*loads)
    assert get_statuses(await load(client, encode_ndjson([row(2)]))) == ["CREATED"]


@pytest.fixture
def short_idle_settings(app: Any) -> Iterator[Any]:
    """The settings of the application, with a short idle timeout for loads."""
    settings = app.state.settings
    app.state.settings = settings.model_copy(update={"bulk_idle_seconds": 0.2})
    yield app.state.settings
    app.state.settings = settings


async def test_an_idle_load_times_out_and_frees_its_slot(
    client: httpx.AsyncClient, short_idle_settings: Any
) -> None:
    async def halting() -> AsyncIterator[bytes]:
        yield encode_ndjson(row(number) for number in range(1_001))
        await asyncio.Event().wait()

    halted = [asyncio.create_task(load(client, halting())) for _ in range(short_idle_settings.max_bulk_loads)]
    for lines in await asyncio.gather(*halted):
        [error] = lines[-1]["errors"]
        assert (lines[-1]["rows"], error["extensions"]["code"]) == (1_000, "TIMEOUT")
        assert error["extensions"]["retryable"]
    assert get_statuses(await load(client, encode_ndjson([row(0)]))) == ["NOOP"]
