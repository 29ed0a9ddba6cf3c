"""The feed is complete and in order, whoever writes meanwhile, and a reader may stop and go on anywhere."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest
from tests.feed import Feed

from tenure_core.catalog import Catalog
from tenure_core.database import Database, service_conninfo
from tenure_core.identity import Actor

Connection = psycopg.AsyncConnection[Any]
Connect = Callable[[], Awaitable[Connection]]

WRITERS = 8
TRANSACTIONS = 40


@pytest.fixture
def feed(database: Database, catalog: Catalog, actor: Actor) -> Feed:
    return Feed(database, catalog, actor)


@pytest.fixture
async def connect(database_url: str, actor: Actor) -> AsyncIterator[Connect]:
    """Open connections of the service that are bound to the tenant, each with a transaction of its own."""
    async with AsyncExitStack() as stack:

        async def opened() -> Connection:
            connection = await psycopg.AsyncConnection.connect(service_conninfo(database_url, 30))
            await stack.enter_async_context(connection)
            await connection.execute(
                "SELECT set_config('tenure.tenant_id', %s, false)", (str(actor.tenant_id),)
            )
            await connection.commit()
            return connection

        yield opened


async def create(connection: Connection, actor: Actor, name: str) -> uuid.UUID:
    cursor = await connection.execute(
        "INSERT INTO account (tenant_id, name) VALUES (%s, %s) RETURNING id", (actor.tenant_id, name)
    )
    row = await cursor.fetchone()
    assert row is not None
    found: uuid.UUID = row[0]
    return found


def names(edges: list[Any]) -> list[str]:
    return [(edge["after"] or edge["before"]).get("name") for edge in edges]


async def test_a_change_behind_those_that_were_read_is_read_next(
    feed: Feed, connect: Connect, actor: Actor
) -> None:
    slow, quick = await connect(), await connect()
    await create(slow, actor, "slow")
    await create(quick, actor, "quick")
    await quick.commit()
    first = await feed.page()
    assert names(first["edges"]) == ["quick"]
    await slow.commit()
    await create(quick, actor, "later")
    await quick.commit()
    assert names(await feed.rest(first["pageInfo"]["endCursor"])) == ["slow", "later"]
    assert names(await feed.rest(first["edges"][0]["cursor"])) == ["slow", "later"]


async def test_an_older_transaction_that_writes_a_record_last_comes_last(
    feed: Feed, connect: Connect, actor: Actor
) -> None:
    older, younger = await connect(), await connect()
    record = await create(younger, actor, "first")
    await younger.commit()
    await create(older, actor, "other")
    await younger.execute("UPDATE account SET name = 'second' WHERE id = %s", (record,))
    await younger.commit()
    await older.execute("UPDATE account SET name = 'third' WHERE id = %s", (record,))
    await older.commit()
    edges = await feed.rest()
    assert int(edges[1]["transactionId"]) < int(edges[2]["transactionId"])
    assert names([e for e in edges if e["id"] == str(record)]) == ["first", "second", "third"]
