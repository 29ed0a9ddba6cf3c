"""Write transactions: work that conflicts with another write is rolled back and retried."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.entity_writer import Writer

from tenure_core.errors import ConflictError
from tenure_core.write import transaction
from tenure_core.write.transaction import run_in_transaction


@pytest.fixture
async def writer_and_ids(database, catalog, actor) -> tuple[Writer, list[str]]:
    accounts = Writer(database, catalog, actor)
    results = await accounts.create({"name": "a"}, {"name": "b"})
    return accounts, [str(result.id) for result in results]


async def test_a_deadlock_is_retried(writer_and_ids: tuple[Writer, list[str]]) -> None:
    accounts, ids = writer_and_ids
    barrier = asyncio.Barrier(2)
    attempts = 0

    async def update(order: list[str]) -> None:
        async def work(connection) -> None:
            nonlocal attempts
            attempts += 1
            for number, identity in enumerate(order):
                await connection.execute("UPDATE account SET employees = 1 WHERE id = %s", (identity,))
                if number == 0 and attempts <= 2:
                    await barrier.wait()

        await run_in_transaction(accounts.database, accounts.actor, work)

    await asyncio.gather(update(ids), update(ids[::-1]))
    assert attempts == 3
    assert await accounts.read("employees") == [(1,), (1,)]


async def test_a_failed_attempt_is_rolled_back(writer_and_ids: tuple[Writer, list[str]]) -> None:
    accounts, _ = writer_and_ids
    attempts = []

    async def work(connection) -> None:
        attempts.append(await (await connection.execute("SELECT count(*) FROM account")).fetchone())
        await connection.execute(
            "INSERT INTO account (tenant_id, name) VALUES (%s, 'c')", (accounts.actor.tenant_id,)
        )
        if len(attempts) < 3:
            raise ConflictError("conflict")

    await run_in_transaction(accounts.database, accounts.actor, work)
    assert attempts == [(2,)] * 3
    assert await accounts.read("name") == [("a",), ("b",), ("c",)]


async def test_work_that_always_conflicts_fails_after_the_last_attempt(
    writer_and_ids: tuple[Writer, list[str]], monkeypatch
) -> None:
    monkeypatch.setattr(transaction, "MAX_PAUSE_SECONDS", 0.001)
    attempts = []

    async def work(connection) -> None:
        attempts.append(connection)
        raise ConflictError("conflict")

    with pytest.raises(ConflictError):
        await run_in_transaction(writer_and_ids[0].database, writer_and_ids[0].actor, work)
    assert len(attempts) == transaction.MAX_ATTEMPTS


async def test_a_unique_violation_is_retried(writer_and_ids: tuple[Writer, list[str]]) -> None:
    accounts, ids = writer_and_ids
    attempts = []

    async def work(connection) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            values = (accounts.actor.tenant_id, ids[0])
            await connection.execute("INSERT INTO account (tenant_id, id, name) VALUES (%s, %s, 'x')", values)

    await run_in_transaction(accounts.database, accounts.actor, work)
    assert len(attempts) == 2
