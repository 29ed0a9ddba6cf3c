"""Eight writers of all kinds at once: none hears of another, or waits too long, and the feed tells all."""

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
LONGEST_SECONDS = 10
"""How long a request may take, as the service has it."""

Work = Callable[[TenantConnection], Awaitable[Sequence[RowResult]]]


class GivenUpError(Exception):
    """A writer that takes back what it has written."""


class Busy:
    """A writer that does anything to the records behind the same few keys, and sometimes gives up."""

    def __init__(self, accounts: Writer, seed: int) -> None:
        self.accounts = accounts
        self.random = random.Random(seed)
        self.ids: list[uuid.UUID] = []

    async def write(self) -> None:
        """Write again and again; nothing that others do may keep it from that."""
        for _ in range(WRITES):
            gives_up = self.random.random() < 0.1
            try:
                async with asyncio.timeout(LONGEST_SECONDS):
                    found = await run_in_transaction(
                        self.accounts.database, self.accounts.actor, self._work(gives_up)
                    )
            except GivenUpError:
                continue
            self.ids += [one.id for one in found if one.id and one.status in ("CREATED", "UPDATED")]

    def _work(self, gives_up: bool) -> Work:
        chosen = self._chosen()

        async def work(connection: TenantConnection) -> Sequence[RowResult]:
            found = await chosen(connection)
            if gives_up:
                raise GivenUpError
            return found

        return work

    def _chosen(self) -> Work:
        catalog, entity, actor = self.accounts.catalog, self.accounts.entity, self.accounts.actor
        act = self.random.choice(("upsert", "upsert", "batch", "delete", "restore", "purge"))
        if act == "upsert" or not self.ids:
            rows = [self._row() | self._parent() for _ in range(8)]
            return lambda c: upsert(c, catalog, entity, actor, rows)
        if act == "batch":
            operations = [BatchOperation(entity, "Upsert", self._row()) for _ in range(4)]
            person = self._row("lastName") | {"account": {"operation": 0}}
            operations.append(BatchOperation(catalog["Contact"], "Upsert", person))
            return lambda c: run_batch(c, catalog, actor, operations, atomic=False)
        sent = {"id": self.random.choice(self.ids)}
        if act == "purge":
            return lambda c: self._purge(c, sent)
        mark = crud.delete if act == "delete" else crud.restore
        return lambda c: mark(c, catalog, entity, actor, [sent])

    async def _purge(self, connection: TenantConnection, sent: dict[str, Any]) -> list[RowResult]:
        accounts = self.accounts
        return [(await purge(connection, accounts.catalog, accounts.entity, accounts.actor, sent)).result]

    def _row(self, name: str = "name") -> dict[str, Any]:
        return {"match": self._key(), name: str(self.random.randrange(5))}

    def _parent(self) -> dict[str, Any]:
        return {"parent": self._key()} if self.random.random() < 0.3 else {}

    def _key(self) -> dict[str, Any]:
        return {"externalRef": {"system": "erp", "id": str(self.random.randrange(KEYS))}}


async def test_none_hears_of_another_and_the_feed_tells_all_of_it(database, catalog, actor) -> None:
    writers = [Busy(Writer(database, catalog, actor), seed) for seed in range(WRITERS)]
    await asyncio.gather(*(writer.write() for writer in writers))
    copy, feed = Copy(), Feed(database, catalog, actor)
    for change in await feed.rest():
        copy.apply(change)
    stored = {line["id"]: line["data"] async for line in feed.export() if "data" in line}
    assert len(stored) > 5
    assert copy.records == stored
