"""Batch: operations run in one transaction and lock records in the order of all writers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.concurrent_writers import hold_lock, is_free, wait_for_waiting_writer
from tests.support.entity_writer import Writer

from tenure_core.write.operations.batch import BatchOperation, run_batch
from tenure_core.write.results import RowResult
from tenure_core.write.transaction import run_in_transaction


@pytest.fixture
def accounts(database, catalog, actor) -> Writer:
    return Writer(database, catalog, actor)


async def run(accounts: Writer, *operations: tuple[str, dict[str, Any]]) -> list[RowResult]:
    listed = [BatchOperation(accounts.entity, verb, row) for verb, row in operations]
    return await run_in_transaction(
        accounts.database,
        accounts.actor,
        lambda c: run_batch(accounts.context(c), listed, atomic=True),
    )


def row(key: str) -> dict[str, Any]:
    return {"match": {"externalRef": {"system": "erp", "id": key}}, "name": "changed"}


async def test_a_batch_that_waits_for_a_lock_holds_no_later_lock(accounts: Writer) -> None:
    first, last = await accounts.upsert(("1", {"name": "first"}), ("2", {"name": "last"}))
    operations = ("Update", {"id": str(last.id), "name": "changed"}), ("Upsert", row("1"))
    async with hold_lock(accounts, first.id):
        task = asyncio.create_task(run(accounts, *operations))
        await wait_for_waiting_writer(accounts)
        assert await is_free(accounts, last.id)
    assert [result.status for result in await task] == ["UPDATED", "UPDATED"]


async def test_an_invalid_key_is_rejected_by_its_operation(accounts: Writer) -> None:
    results = await run(accounts, ("Upsert", row("1")), ("Update", {"id": "17"}))
    assert [result.status for result in results] == ["SKIPPED", "FAILED"]
    assert [error.path for error in results[1].errors] == [("id",)]
