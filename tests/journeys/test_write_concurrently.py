"""Eight concurrent writers of all operations: no error, no long wait, and a complete change feed."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tests.support.entity_writer import Writer
from tests.support.feed_reader import Copy, Feed

from tenure_core.data_quality.purge import purge
from tenure_core.postgres.database import TenantConnection
from tenure_core.write.operations import crud
from tenure_core.write.operations.batch import BatchOperation, run_batch
from tenure_core.write.operations.upsert import upsert
from tenure_core.write.results import RowResult
from tenure_core.write.transaction import run_in_transaction

WRITERS, WRITES, KEYS = 8, 12, 20
MAX_SECONDS = 10
"""Time limit of a request, as in the service."""

Work = Callable[[TenantConnection], Awaitable[Sequence[RowResult]]]


class CancelledWriteError(Exception):
    """Rolls back a write."""


class RandomWriter:
    """Runs random operations on the records of a few keys, and sometimes rolls back."""

    def __init__(self, accounts: Writer, seed: int) -> None:
        self.accounts = accounts
        self.random = random.Random(seed)
        self.ids: list[uuid.UUID] = []

    async def write(self) -> None:
        """Run the operations; no concurrent write may make one fail."""
        for _ in range(WRITES):
            cancels = self.random.random() < 0.1
            try:
                async with asyncio.timeout(MAX_SECONDS):
                    results = await run_in_transaction(
                        self.accounts.database, self.accounts.actor, self._work(cancels)
                    )
            except CancelledWriteError:
                continue
            self.ids += [
                result.id for result in results if result.id and result.status in ("CREATED", "UPDATED")
            ]

    def _work(self, cancels: bool) -> Work:
        operation = self._choose_operation()

        async def work(connection: TenantConnection) -> Sequence[RowResult]:
            results = await operation(connection)
            if cancels:
                raise CancelledWriteError
            return results

        return work

    def _choose_operation(self) -> Work:
        catalog, entity, context = self.accounts.catalog, self.accounts.entity, self.accounts.context
        name = self.random.choice(("upsert", "upsert", "batch", "delete", "restore", "purge"))
        if name == "upsert" or not self.ids:
            rows = [self._row() | self._parent() for _ in range(8)]
            return lambda c: upsert(context(c), entity, rows)
        if name == "batch":
            operations = [BatchOperation(entity, "Upsert", self._row()) for _ in range(4)]
            contact = self._row("lastName") | {"account": {"operation": 0}}
            operations.append(BatchOperation(catalog["Contact"], "Upsert", contact))
            return lambda c: run_batch(context(c), operations, atomic=False)
        row = {"id": self.random.choice(self.ids)}
        if name == "purge":
            return lambda c: self._purge(c, row)
        set_deleted = crud.delete if name == "delete" else crud.restore
        return lambda c: set_deleted(context(c), entity, [row])

    async def _purge(self, connection: TenantConnection, row: dict[str, Any]) -> list[RowResult]:
        accounts = self.accounts
        return [(await purge(accounts.context(connection), accounts.entity, row)).result]

    def _row(self, field: str = "name") -> dict[str, Any]:
        return {"match": self._key(), field: str(self.random.randrange(5))}

    def _parent(self) -> dict[str, Any]:
        return {"parent": self._key()} if self.random.random() < 0.3 else {}

    def _key(self) -> dict[str, Any]:
        return {"externalRef": {"system": "erp", "id": str(self.random.randrange(KEYS))}}


async def test_concurrent_writers_do_not_fail_and_the_feed_is_complete(database, catalog, actor) -> None:
    writers = [RandomWriter(Writer(database, catalog, actor), seed) for seed in range(WRITERS)]
    await asyncio.gather(*(writer.write() for writer in writers))
    copy, feed = Copy(), Feed(database, catalog, actor)
    for change in await feed.rest():
        copy.apply(change)
    stored = {line["id"]: line["data"] async for line in feed.export() if "data" in line}
    assert len(stored) > 5
    assert copy.records == stored
