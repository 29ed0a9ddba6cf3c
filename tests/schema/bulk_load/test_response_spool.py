"""The response spool returns all bytes once and in order, with limited memory and disk."""

from __future__ import annotations

import asyncio

import pytest

from tenure_schema.bulk_load import response_spool
from tenure_schema.bulk_load.response_spool import MAX_MEMORY_BYTES, ResponseSpool


async def put_all(spool: ResponseSpool, items: list[bytes]) -> None:
    for data in items:
        await spool.put(data)
    await spool.close()


DATA = [bytes([number % 256]) * 100_000 for number in range(40)]


async def test_concurrent_reads_return_all_bytes() -> None:
    async with ResponseSpool() as spool, asyncio.TaskGroup() as tasks:
        tasks.create_task(put_all(spool, DATA))
        assert b"".join([data async for data in spool]) == b"".join(DATA)


async def test_bytes_beyond_the_memory_limit_are_stored_in_a_file() -> None:
    async with ResponseSpool() as spool:
        await put_all(spool, DATA)
        assert sum(map(len, DATA)) > MAX_MEMORY_BYTES
        assert spool._file._rolled
        assert b"".join([data async for data in spool]) == b"".join(DATA)


async def test_put_waits_at_the_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_spool, "MAX_BYTES", 250_000)
    async with ResponseSpool() as spool, asyncio.TaskGroup() as tasks:
        writer = tasks.create_task(put_all(spool, DATA))
        await asyncio.wait([writer], timeout=0.2)
        assert not writer.done()
        assert spool._write_position == 300_000
        assert b"".join([data async for data in spool]) == b"".join(DATA)


async def test_an_empty_spool_ends() -> None:
    async with ResponseSpool() as spool:
        await spool.close()
        assert [data async for data in spool] == []
