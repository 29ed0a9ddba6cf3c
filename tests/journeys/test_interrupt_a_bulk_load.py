"""Bulk loads and batches over real connections: repeated after interruptions, in limited memory."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import httpx
import orjson
import psutil
import psycopg
import pytest
from tests.support.server_process import TenureProcess, run_tenure

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Role

ROWS = 5_000
KILLS = 3
NDJSON_HEADERS = {"Content-Type": "application/x-ndjson"}

CLIENT = """
import sys, httpx
url, key, path = sys.argv[1:]
headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
def read_pieces():
    with open(path, "rb") as file:
        while piece := file.read(10_007):
            yield piece
httpx.post(f"{url}/bulk/Account", content=read_pieces(), headers=headers, timeout=60)
"""
"""A client that streams a file."""

BATCH = """
mutation Batch($operations: [BatchOperation!]!, $key: String!) {
  batch(input: {operations: $operations, idempotencyKey: $key}) { replayed results { status } }
}
"""


def row(number: int, **fields: Any) -> dict[str, Any]:
    parent = {"externalRef": {"system": "erp", "id": str(number // 10)}} if number >= 10 else None
    return {
        "match": {"externalRef": {"system": "erp", "id": str(number)}},
        "name": f"A{number}",
        "employees": number,
        "parent": parent,
        **fields,
    }


BODY = b"".join(orjson.dumps(row(number)) + b"\n" for number in range(ROWS))


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[TenureProcess]:
    with run_tenure(database_url) as server:
        yield server


class Tenant:
    """A tenant, its loads and its stored rows."""

    def __init__(self, database_url: str, server: TenureProcess) -> None:
        self.database_url = database_url
        self.name = f"kill {uuid.uuid4()}"
        self.key = create_key(database_url, self.name, Role.ADMIN, "kill", "erp").secret
        self.url = server.url
        self.headers = {"Authorization": f"Bearer {self.key}", **NDJSON_HEADERS}

    def load(self, body: bytes = BODY) -> list[dict[str, Any]]:
        response = httpx.post(f"{self.url}/bulk/Account", content=body, headers=self.headers, timeout=120)
        return [orjson.loads(line) for line in response.content.splitlines()]

    def select(self, query: str) -> list[Any]:
        with psycopg.connect(self.database_url) as connection:
            # Waits for open transactions of killed processes, which hold a weaker lock.
            connection.execute("LOCK TABLE external_ref, idempotency_record IN SHARE MODE")
            where = "tenant_id = (SELECT id FROM tenant WHERE name = %s)"
            return connection.execute(query.replace("$mine", where), (self.name,)).fetchall()

    def records(self) -> list[Any]:
        """Return the written records, without values that differ between runs."""
        return self.select(
            "WITH ref AS (SELECT * FROM external_ref WHERE $mine) "
            "SELECT ref.external_id, a.name, a.employees, parent.external_id, a.version "
            "FROM ref JOIN account a ON a.tenant_id = ref.tenant_id AND a.id = ref.record_id "
            "LEFT JOIN ref AS parent ON parent.record_id = a.parent_id ORDER BY 1"
        )

    def count(self, table: str) -> int:
        [(result,)] = self.select(f"SELECT count(*) FROM {table} WHERE $mine")
        return result


@pytest.fixture
def tenant(database_url: str, server: TenureProcess) -> Tenant:
    return Tenant(database_url, server)


@pytest.fixture(scope="module")
def complete_records(database_url: str, server: TenureProcess) -> list[Any]:
    """The records of an uninterrupted load."""
    tenant = Tenant(database_url, server)
    assert tenant.load()[-1]["counts"] == {"CREATED": ROWS}
    return tenant.records()


def check_repeated_load(tenant: Tenant, complete_records: list[Any]) -> None:
    written = tenant.count("account")
    assert written % 1_000 == 0
    end = tenant.load()[-1]
    assert end["done"]
    # The server may have continued with rows that it had read before the client was killed.
    assert end["counts"].get("NOOP", 0) >= written
    assert end["counts"].keys() <= {"NOOP", "CREATED"}
    assert end["rows"] == ROWS
    assert tenant.records() == complete_records
    assert tenant.count("account") == tenant.count("external_ref") == tenant.count("change") == ROWS


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_load_is_completed_by_repeating_it_after_the_server_was_killed(
    server: TenureProcess, tenant: Tenant, complete_records: list[Any], seed: int
) -> None:
    draw = random.Random(seed)
    lines: list[bytes] = []
    with suppress(httpx.TransportError):
        timeout = httpx.Timeout(60)
        request = {"content": BODY, "headers": tenant.headers, "timeout": timeout}
        with httpx.stream("POST", f"{tenant.url}/bulk/Account", **request) as response:
            stop = draw.randrange(1, 3_000)
            for line in response.iter_lines():
                lines.append(line.encode())
                if len(lines) == stop:
                    server.stop(signal.SIGKILL)
    server.start()
    assert 0 < len(lines) <= tenant.count("account")
    assert {orjson.loads(line)["status"] for line in lines[:-1]} == {"CREATED"}
    check_repeated_load(tenant, complete_records)


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_load_is_completed_by_repeating_it_after_the_client_was_killed(
    tmp_path: Any, tenant: Tenant, complete_records: list[Any], seed: int
) -> None:
    (tmp_path / "rows").write_bytes(BODY)
    command = [sys.executable, "-c", CLIENT, tenant.url, tenant.key, str(tmp_path / "rows")]
    with subprocess.Popen(command) as client:
        while client.poll() is None and not tenant.count("account"):
            time.sleep(0.02)
        time.sleep(random.Random(seed).uniform(0, 0.5))
        client.kill()
    check_repeated_load(tenant, complete_records)


async def test_a_truncated_last_row_is_not_written(tenant: Tenant) -> None:
    host, port = tenant.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    header = "match.externalRef.system,match.externalRef.id,name\n"
    body = header + "".join(f"erp,{number},Lamps and Chairs\n" for number in range(1_500))
    head = "POST /bulk/Account HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
    head += f"Authorization: Bearer {tenant.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write((head + body[:-10]).encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()
    await asyncio.sleep(0.3)
    assert tenant.select("SELECT DISTINCT name FROM account WHERE $mine") == [("Lamps and Chairs",)]
    assert tenant.count("account") == 1_000


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_repeated_batch_is_written_once_after_the_server_was_killed(
    server: TenureProcess, tenant: Tenant, seed: int
) -> None:
    operations = [{"accountCreate": {"name": f"A{number}"}} for number in range(200)]
    body = {"query": BATCH, "variables": {"operations": operations, "key": "batch"}}
    headers = {**tenant.headers, "Content-Type": "application/json"}
    command = [
        sys.executable, "-c", "import sys, time; time.sleep(float(sys.argv[1])); import os, signal; "
        "os.kill(int(sys.argv[2]), signal.SIGKILL)",
        str(random.Random(seed).uniform(0, 0.8)), str(server.process.pid),
    ]  # fmt: skip
    with subprocess.Popen(command), suppress(httpx.TransportError):
        httpx.post(f"{tenant.url}/graphql", json=body, headers=headers, timeout=60)
    server.process.wait()
    server.start()
    before = tenant.count("account")
    assert before in (0, 200)
    result = httpx.post(f"{tenant.url}/graphql", json=body, headers=headers, timeout=60).json()["data"][
        "batch"
    ]
    assert result["replayed"] is (before == 200)
    assert [item["status"] for item in result["results"]] == ["CREATED"] * 200
    assert tenant.count("account") == 200


async def test_memory_is_limited_for_a_client_that_reads_only_after_sending(
    server: TenureProcess, tenant: Tenant
) -> None:
    # Each row is rejected with a result line as long as the row: a long response, but few writes.
    rows, unknown = 15_000, {"x" * 5_000: 1}

    async def body() -> AsyncIterator[bytes]:
        for first in range(0, rows, 100):
            rejected = (row(number, **unknown) for number in range(first, first + 100))
            yield b"".join(orjson.dumps(item) + b"\n" for item in rejected)

    process = psutil.Process(server.process.pid)
    tenant.load()
    before, max_memory = process.memory_info().rss, 0
    async with httpx.AsyncClient(timeout=120) as client:
        url = f"{tenant.url}/bulk/Account"
        sending = asyncio.create_task(client.post(url, content=body(), headers=tenant.headers))
        while not (await asyncio.wait([sending], timeout=0.1))[0]:
            max_memory = max(max_memory, process.memory_info().rss)
        response = (await sending).content
    assert orjson.loads(response.splitlines()[-1])["counts"] == {"FAILED": rows}
    assert len(response) > 100_000_000
    assert max_memory - before < 50_000_000


async def test_the_body_is_not_read_faster_than_rows_are_written(
    server: TenureProcess, tenant: Tenant
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for number in range(1_000_000):
            yield orjson.dumps(row(number, parent=None, attributes={"text": "x" * 10_000})) + b"\n"
            sent += 1

    with psycopg.connect(tenant.database_url) as blocking:
        blocking.execute("LOCK TABLE account IN ACCESS EXCLUSIVE MODE")
        async with httpx.AsyncClient(timeout=60) as client:
            sending = asyncio.create_task(
                client.post(f"{tenant.url}/bulk/Account", content=endless(), headers=tenant.headers)
            )
            await asyncio.sleep(2)
            sent_before = sent
            await asyncio.sleep(0.5)
            assert 0 < sent_before == sent < 3_000
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
