"""The outbox: what is put in comes out once and in order, however late it is read, and from little memory."""

from __future__ import annotations

import asyncio

import pytest

from tenure_schema.bulk_load import response_spool as outboxes
from tenure_schema.bulk_load.response_spool import IN_MEMORY, ResponseSpool


async def put_all(outbox: ResponseSpool, pieces: list[bytes]) -> None:
    for piece in pieces:
        await outbox.put(piece)
    await outbox.close()


PIECES = [bytes([number % 256]) * 100_000 for number in range(40)]


async def test_what_is_read_while_it_is_put_in_is_whole() -> None:
    async with ResponseSpool() as outbox, asyncio.TaskGroup() as tasks:
        tasks.create_task(put_all(outbox, PIECES))
        assert b"".join([piece async for piece in outbox]) == b"".join(PIECES)


async def test_what_is_read_much_later_waits_in_a_file() -> None:
    async with ResponseSpool() as outbox:
        await put_all(outbox, PIECES)
        assert sum(map(len, PIECES)) > IN_MEMORY
        assert outbox._waiting._rolled
        assert b"".join([piece async for piece in outbox]) == b"".join(PIECES)


async def test_what_is_never_read_does_not_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outboxes, "MOST", 250_000)
    async with ResponseSpool() as outbox, asyncio.TaskGroup() as tasks:
        putting = tasks.create_task(put_all(outbox, PIECES))
        await asyncio.wait([putting], timeout=0.2)
        assert not putting.done()
        assert outbox._put == 300_000
        assert b"".join([piece async for piece in outbox]) == b"".join(PIECES)


async def test_an_outbox_without_anything_ends() -> None:
    async with ResponseSpool() as outbox:
        await outbox.close()
        assert [piece async for piece in outbox] == []
