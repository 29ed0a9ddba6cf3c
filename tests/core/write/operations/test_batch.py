"""Batches: several writes in one transaction, which lock what they name in the order of all other writers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.concurrent_writers import held, is_free, waits_for_a_lock
from tests.support.entity_writer import Writer

from tenure_core.write.operations.batch import BatchOperation, run_batch
from tenure_core.write.results import RowResult
from tenure_core.write.transaction import run_in_transaction


@pytest.fixture
def accounts(database, catalog, actor) -> Writer:
    return Writer(database, catalog, actor)


async def batch(accounts: Writer, *operations: tuple[str, dict[str, Any]]) -> list[RowResult]:
    listed = [BatchOperation(accounts.entity, verb, row) for verb, row in operations]
    return await run_in_transaction(
        accounts.database,
        accounts.actor,
        lambda c: run_batch(c, accounts.catalog, accounts.actor, listed, atomic=True),
    )


def named(key: str) -> dict[str, Any]:
    return {"match": {"externalRef": {"system": "erp", "id": key}}, "name": "changed"}


async def test_a_batch_that_waits_for_a_record_holds_no_later_one(accounts: Writer) -> None:
    first, last = await accounts.upsert(("1", {"name": "first"}), ("2", {"name": "last"}))
    operations = ("Update", {"id": str(last.id), "name": "changed"}), ("Upsert", named("1"))
    async with held(accounts, first.id):
        writing = asyncio.create_task(batch(accounts, *operations))
        await waits_for_a_lock(accounts)
        assert await is_free(accounts, last.id)
    assert [result.status for result in await writing] == ["UPDATED", "UPDATED"]


async def test_what_can_not_be_read_is_refused_by_its_own_operation(accounts: Writer) -> None:
    found = await batch(accounts, ("Upsert", named("1")), ("Update", {"id": "17"}))
    assert [result.status for result in found] == ["SKIPPED", "FAILED"]
    assert [error.path for error in found[1].errors] == [("id",)]
