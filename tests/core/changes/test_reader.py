"""`follow` yields the changes of a tenant from now on, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from tests.support.background_plugins import account_names
from tests.support.entity_writer import Writer

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.access.visibility import visible_rows
from tenure_core.catalog.catalog import Catalog
from tenure_core.changes import reader
from tenure_core.changes.change import Change
from tenure_core.changes.reader import follow_changes
from tenure_core.postgres.database import Database


async def take(changes: AsyncGenerator[Change], count: int) -> list[Change]:
    async with asyncio.timeout(20):
        return [await anext(changes) for _ in range(count)]


async def test_follow_yields_the_changes_that_are_committed_from_now_on(
    database: Database, catalog: Catalog, actor: Actor, other_actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "PAGE_SIZE", 2)
    writer = Writer(database, catalog, actor)
    await writer.create({"name": "before"})
    rows = visible_rows([catalog["Account"]], authorize(actor, catalog), include_deleted=True)
    async with aclosing(follow_changes(database, actor, rows)) as changes:
        first = asyncio.create_task(take(changes, 1))
        await asyncio.sleep(0.1)
        await Writer(database, catalog, other_actor).create({"name": "of another tenant"})
        await writer.on("Contact").create({"lastName": "of another entity"})
        await writer.create({"name": "one"})
        assert account_names(await first) == ["one"]
        created = [str(number) for number in range(5)]
        await writer.create(*({"name": name} for name in created))
        assert account_names(await take(changes, 5)) == created
