"""Following the feed: a tenant's changes from now on, in their order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from tests.support.background_plugins import names
from tests.support.entity_writer import Writer

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog
from tenure_core.changes import reader as feed
from tenure_core.changes.change import Change
from tenure_core.changes.reader import follow
from tenure_core.postgres.database import Database


async def take(changes: AsyncGenerator[Change], count: int) -> list[Change]:
    async with asyncio.timeout(20):
        return [await anext(changes) for _ in range(count)]


async def test_one_who_follows_hears_of_what_comes_from_now_on(
    database: Database, catalog: Catalog, actor: Actor, other_actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PAGE_SIZE", 2)
    writer = Writer(database, catalog, actor)
    await writer.create({"name": "before"})
    async with aclosing(follow(database, actor.tenant_id, ["Account"])) as changes:
        first = asyncio.create_task(take(changes, 1))
        await asyncio.sleep(0.1)
        await Writer(database, catalog, other_actor).create({"name": "theirs"})
        await writer.on("Contact").create({"lastName": "not asked for"})
        await writer.create({"name": "one"})
        assert names(await first) == ["one"]
        sent = [str(number) for number in range(5)]
        await writer.create(*({"name": name} for name in sent))
        assert names(await take(changes, 5)) == sent
