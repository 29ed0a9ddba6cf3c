"""Transactions: work that meets another write is done again, wholly, and no client sees why."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.entity_writer import Writer

from tenure_core.errors import ConflictError
from tenure_core.write import transaction
from tenure_core.write.transaction import run_in_transaction


@pytest.fixture
async def two(database, catalog, actor) -> tuple[Writer, list[str]]:
    accounts = Writer(database, catalog, actor)
    results = await accounts.create({"name": "a"}, {"name": "b"})
    return accounts, [str(result.id) for result in results]


async def test_a_deadlock_is_undone_by_trying_again(two: tuple[Writer, list[str]]) -> None:
    accounts, ids = two
    met = asyncio.Barrier(2)
    attempts = 0

    async def touch(order: list[str]) -> None:
        async def work(connection) -> None:
            nonlocal attempts
            attempts += 1
            for number, identity in enumerate(order):
                await connection.execute("UPDATE account SET employees = 1 WHERE id = %s", (identity,))
                if number == 0 and attempts <= 2:
                    await met.wait()

        await run_in_transaction(accounts.database, accounts.actor, work)

    await asyncio.gather(touch(ids), touch(ids[::-1]))
    assert attempts == 3
    assert await accounts.read("employees") == [(1,), (1,)]


async def test_what_a_failed_attempt_wrote_is_not_there(two: tuple[Writer, list[str]]) -> None:
    accounts, _ = two
    attempts = []

    async def work(connection) -> None:
        attempts.append(await (await connection.execute("SELECT count(*) FROM account")).fetchone())
        await connection.execute(
            "INSERT INTO account (tenant_id, name) VALUES (%s, 'c')", (accounts.actor.tenant_id,)
        )
        if len(attempts) < 3:
            raise ConflictError("met another write")

    await run_in_transaction(accounts.database, accounts.actor, work)
    assert attempts == [(2,)] * 3
    assert await accounts.read("name") == [("a",), ("b",), ("c",)]


async def test_work_that_always_meets_another_write_is_given_up(
    two: tuple[Writer, list[str]], monkeypatch
) -> None:
    monkeypatch.setattr(transaction, "LONGEST_PAUSE", 0.001)
    attempts = []

    async def work(connection) -> None:
        attempts.append(connection)
        raise ConflictError("met another write")

    with pytest.raises(ConflictError):
        await run_in_transaction(two[0].database, two[0].actor, work)
    assert len(attempts) == transaction.ATTEMPTS


async def test_a_key_that_was_taken_meanwhile_counts_as_another_write(two: tuple[Writer, list[str]]) -> None:
    accounts, ids = two
    attempts = []

    async def work(connection) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            values = (accounts.actor.tenant_id, ids[0])
            await connection.execute("INSERT INTO account (tenant_id, id, name) VALUES (%s, %s, 'x')", values)

    await run_in_transaction(accounts.database, accounts.actor, work)
    assert len(attempts) == 2
