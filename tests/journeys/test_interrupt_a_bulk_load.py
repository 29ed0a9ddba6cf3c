"""Loads over real connections: cut off anywhere they can be sent again, and they take little memory."""

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
from tests.support.server_process import Running, running

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Role

ROWS = 5_000
KILLS = 3
JSON_LINES = {"Content-Type": "application/x-ndjson"}

CLIENT = """
import sys, httpx
url, key, path = sys.argv[1:]
headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
def pieces():
    with open(path, "rb") as file:
        while piece := file.read(10_007):
            yield piece
httpx.post(f"{url}/bulk/Account", content=pieces(), headers=headers, timeout=60)
"""
"""A client that sends a file, as one might write it."""

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
def server(database_url: str) -> Iterator[Running]:
    with running(database_url) as server:
        yield server


class Tenant:
    """A tenant, what it is sent, and what then is there."""

    def __init__(self, database_url: str, server: Running) -> None:
        self.database_url = database_url
        self.name = f"kill {uuid.uuid4()}"
        self.key = create_key(database_url, self.name, Role.ADMIN, "kill", "erp").secret
        self.url = server.url
        self.headers = {"Authorization": f"Bearer {self.key}", **JSON_LINES}

    def load(self, body: bytes = BODY) -> list[dict[str, Any]]:
        answer = httpx.post(f"{self.url}/bulk/Account", content=body, headers=self.headers, timeout=120)
        return [orjson.loads(line) for line in answer.content.splitlines()]

    def find(self, query: str) -> list[Any]:
        with psycopg.connect(self.database_url) as connection:
            # Waits for open transactions of killed processes, which hold a weaker lock.
            connection.execute("LOCK TABLE external_ref, receipt IN SHARE MODE")
            where = "tenant_id = (SELECT id FROM tenant WHERE name = %s)"
            return connection.execute(query.replace("$mine", where), (self.name,)).fetchall()

    def records(self) -> list[Any]:
        """All that a load has written, without what differs from run to run."""
        return self.find(
            "WITH ref AS (SELECT * FROM external_ref WHERE $mine) "
            "SELECT ref.external_id, a.name, a.employees, parent.external_id, a.version "
            "FROM ref JOIN account a ON a.tenant_id = ref.tenant_id AND a.id = ref.record_id "
            "LEFT JOIN ref AS parent ON parent.record_id = a.parent_id ORDER BY 1"
        )

    def count(self, table: str) -> int:
        [(found,)] = self.find(f"SELECT count(*) FROM {table} WHERE $mine")
        return found


@pytest.fixture
def tenant(database_url: str, server: Running) -> Tenant:
    return Tenant(database_url, server)


@pytest.fixture(scope="module")
def undisturbed(database_url: str, server: Running) -> list[Any]:
    """What an undisturbed load leaves."""
    tenant = Tenant(database_url, server)
    assert tenant.load()[-1]["counts"] == {"CREATED": ROWS}
    return tenant.records()


def check_rerun(tenant: Tenant, undisturbed: list[Any]) -> None:
    written = tenant.count("account")
    assert written % 1_000 == 0
    end = tenant.load()[-1]
    assert end["done"]
    # The server may have gone on for a moment with what it had read before its client was killed.
    assert end["counts"].get("NOOP", 0) >= written
    assert end["counts"].keys() <= {"NOOP", "CREATED"}
    assert end["rows"] == ROWS
    assert tenant.records() == undisturbed
    assert tenant.count("account") == tenant.count("external_ref") == tenant.count("change") == ROWS


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_load_whose_server_was_killed_is_completed_by_sending_it_again(
    server: Running, tenant: Tenant, undisturbed: list[Any], seed: int
) -> None:
    draw = random.Random(seed)
    told: list[bytes] = []
    with suppress(httpx.TransportError):
        timeout = httpx.Timeout(60)
        request = {"content": BODY, "headers": tenant.headers, "timeout": timeout}
        with httpx.stream("POST", f"{tenant.url}/bulk/Account", **request) as answer:
            stop = draw.randrange(1, 3_000)
            for line in answer.iter_lines():
                told.append(line.encode())
                if len(told) == stop:
                    server.end(signal.SIGKILL)
    server.start()
    assert 0 < len(told) <= tenant.count("account")
    assert {orjson.loads(line)["status"] for line in told[:-1]} == {"CREATED"}
    check_rerun(tenant, undisturbed)


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_load_whose_client_was_killed_is_completed_by_sending_it_again(
    tmp_path: Any, tenant: Tenant, undisturbed: list[Any], seed: int
) -> None:
    (tmp_path / "rows").write_bytes(BODY)
    command = [sys.executable, "-c", CLIENT, tenant.url, tenant.key, str(tmp_path / "rows")]
    with subprocess.Popen(command) as client:
        while client.poll() is None and not tenant.count("account"):
            time.sleep(0.02)
        time.sleep(random.Random(seed).uniform(0, 0.5))
        client.kill()
    check_rerun(tenant, undisturbed)


async def test_half_a_row_is_no_row(tenant: Tenant) -> None:
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
    assert tenant.find("SELECT DISTINCT name FROM account WHERE $mine") == [("Lamps and Chairs",)]
    assert tenant.count("account") == 1_000


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_batch_whose_server_was_killed_is_done_once_by_sending_it_again(
    server: Running, tenant: Tenant, seed: int
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
    found = httpx.post(f"{tenant.url}/graphql", json=body, headers=headers, timeout=60).json()["data"][
        "batch"
    ]
    assert found["replayed"] is (before == 200)
    assert [result["status"] for result in found["results"]] == ["CREATED"] * 200
    assert tenant.count("account") == 200


async def test_a_client_that_reads_nothing_before_it_has_sent_everything_is_served_in_little_memory(
    server: Running, tenant: Tenant
) -> None:
    # Each row is refused with an answer as long as itself, so that much is answered and little is written.
    rows, unknown = 15_000, {"x" * 5_000: 1}

    async def body() -> AsyncIterator[bytes]:
        for first in range(0, rows, 100):
            refused = (row(number, **unknown) for number in range(first, first + 100))
            yield b"".join(orjson.dumps(one) + b"\n" for one in refused)

    process = psutil.Process(server.process.pid)
    tenant.load()
    before, most = process.memory_info().rss, 0
    async with httpx.AsyncClient(timeout=120) as client:
        url = f"{tenant.url}/bulk/Account"
        sending = asyncio.create_task(client.post(url, content=body(), headers=tenant.headers))
        while not (await asyncio.wait([sending], timeout=0.1))[0]:
            most = max(most, process.memory_info().rss)
        answer = (await sending).content
    assert orjson.loads(answer.splitlines()[-1])["counts"] == {"FAILED": rows}
    assert len(answer) > 100_000_000
    assert most - before < 50_000_000


async def test_a_body_is_not_read_faster_than_it_is_written(server: Running, tenant: Tenant) -> None:
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
            seen = sent
            await asyncio.sleep(0.5)
            assert 0 < seen == sent < 3_000
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
