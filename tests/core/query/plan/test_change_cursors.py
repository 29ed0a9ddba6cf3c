"""The change feed is complete and in order during concurrent writes, and can be resumed at any cursor."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest
from tests.support.feed_reader import Copy, Feed

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import BadUserInputError, CursorExpiredError
from tenure_core.postgres.database import Database, build_service_conninfo

Connection = psycopg.AsyncConnection[Any]
Connect = Callable[[], Awaitable[Connection]]


@pytest.fixture
def feed(database: Database, catalog: Catalog, actor: Actor) -> Feed:
    return Feed(database, catalog, actor)


@pytest.fixture
async def connect(database_url: str, actor: Actor) -> AsyncIterator[Connect]:
    """Open connections as the service, bound to the tenant; each has its own transaction."""
    async with AsyncExitStack() as stack:

        async def open_connection() -> Connection:
            connection = await psycopg.AsyncConnection.connect(build_service_conninfo(database_url, 30))
            await stack.enter_async_context(connection)
            tenant = str(actor.tenant_id)
            await connection.execute("SELECT set_config('tenure.tenant_id', %s, false)", (tenant,))
            await connection.commit()
            return connection

        yield open_connection


async def fetch_value(connection: Connection, statement: str, *values: object) -> Any:
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return row[0]


async def create(connection: Connection, actor: Actor, name: str) -> uuid.UUID:
    insert = "INSERT INTO account (tenant_id, name) VALUES (%s, %s) RETURNING id"
    identity: uuid.UUID = await fetch_value(connection, insert, actor.tenant_id, name)
    return identity


def names(edges: list[Any]) -> list[str]:
    return [(edge["after"] or edge["before"]).get("name") for edge in edges]


class TestOrder:
    async def test_a_change_that_was_committed_late_is_on_the_next_page(
        self, feed: Feed, connect: Connect, actor: Actor
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

    async def test_a_change_of_a_transaction_younger_than_all_finished_ones_is_on_the_next_page(
        self, feed: Feed, connect: Connect, actor: Actor
    ) -> None:
        older, younger = await connect(), await connect()
        await fetch_value(older, "SELECT pg_current_xact_id()::text")
        await create(younger, actor, "younger")
        await create(older, actor, "older")
        await older.commit()
        first = await feed.page()
        assert names(first["edges"]) == ["older"]
        await younger.commit()
        assert names(await feed.rest(first["pageInfo"]["endCursor"])) == ["younger"]

    async def test_changes_of_a_record_are_in_the_order_of_the_writes_not_of_the_transactions(
        self, feed: Feed, connect: Connect, actor: Actor
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

    async def test_changes_that_are_rolled_back_are_not_in_the_feed(
        self, feed: Feed, connect: Connect, actor: Actor
    ) -> None:
        writer = await connect()
        await create(writer, actor, "kept")
        await writer.execute("SAVEPOINT half")
        await create(writer, actor, "half")
        await writer.execute("ROLLBACK TO half")
        await create(writer, actor, "kept, too")
        await writer.commit()
        await create(writer, actor, "gone")
        await writer.rollback()
        assert names(await feed.rest()) == ["kept", "kept, too"]


class TestCursors:
    async def test_the_feed_resumes_after_any_change(
        self, feed: Feed, connect: Connect, actor: Actor
    ) -> None:
        writer = await connect()
        for number in range(7):
            await create(writer, actor, str(number))
            await writer.commit()
        edges = await feed.rest()
        for index, edge in enumerate(edges):
            assert names(await feed.rest(edge["cursor"])) == names(edges[index + 1 :])

    @pytest.mark.parametrize("size", [1, 4, 10, 30, 1000])
    async def test_the_feed_resumes_among_the_changes_of_a_long_transaction(
        self, feed: Feed, connect: Connect, actor: Actor, size: int
    ) -> None:
        long, other, quick = await connect(), await connect(), await connect()
        for number in range(10):
            await create(long, actor, f"long {number}")
            await create(other, actor, f"other {number}")
        await create(quick, actor, "quick")
        await quick.commit()
        cursor = (await feed.page())["pageInfo"]["endCursor"]
        await long.commit()
        await create(quick, actor, "later")
        await quick.commit()
        first = await feed.page(after=cursor, first=size)
        await other.commit()
        await create(quick, actor, "last")
        await quick.commit()
        edges = first["edges"] + await feed.rest(first["pageInfo"]["endCursor"], first=size)
        expected = {f"{who} {n}" for n in range(10) for who in ("long", "other")} | {"later", "last"}
        assert sorted(names(edges)) == sorted(expected)
        for who in ("long", "other"):
            of_writer = [name for name in names(edges) if name.startswith(who)]
            assert of_writer == [f"{who} {n}" for n in range(10)]
        for index, edge in enumerate(edges):
            assert sorted(names(await feed.rest(edge["cursor"], first=size))) == sorted(
                names(edges[index + 1 :])
            )

    async def test_the_feed_resumes_after_an_empty_page(
        self, feed: Feed, connect: Connect, actor: Actor
    ) -> None:
        empty = await feed.page()
        assert empty["edges"] == []
        assert empty["pageInfo"]["hasNextPage"] is False
        writer = await connect()
        await create(writer, actor, "A")
        await writer.commit()
        page = await feed.page(after=empty["pageInfo"]["endCursor"])
        assert names(page["edges"]) == ["A"]
        end = page["pageInfo"]["endCursor"]
        assert await feed.rest(end) == []

    async def test_the_end_cursor_is_after_changes_that_the_filter_excludes(
        self, feed: Feed, connect: Connect, actor: Actor
    ) -> None:
        writer = await connect()
        await create(writer, actor, "A")
        await writer.commit()
        page = await feed.page(entities=["Contact"])
        assert page["edges"] == []
        assert await feed.rest(page["pageInfo"]["endCursor"]) == []

    async def test_a_page_has_a_page_info(self, feed: Feed, connect: Connect, actor: Actor) -> None:
        writer = await connect()
        for name in "ABC":
            await create(writer, actor, name)
        await writer.commit()
        page = await feed.page(first=2)
        assert names(page["edges"]) == ["A", "B"]
        assert page["pageInfo"] == {
            "hasNextPage": True,
            "hasPreviousPage": False,
            "startCursor": page["edges"][0]["cursor"],
            "endCursor": page["edges"][1]["cursor"],
        }
        assert (await feed.page(first=3))["pageInfo"]["hasNextPage"] is False

    @pytest.mark.parametrize(
        "cursor",
        ["", "x", "1", "1.1:1", "1.1:1:", "-1.1:1:.1", "1.1:1:.1.2", "1.1:1:.1.", "1.1:1:x.1", "1 .1:1:.1",
         "99999999999999999999.1:1:.1", "9999999999999999999.1:1:.1", "1.9:1:.1", "1.1:1:.1\n", "\ud800"],
    )  # fmt: skip
    async def test_an_invalid_cursor_is_rejected(self, feed: Feed, cursor: str) -> None:
        with pytest.raises(BadUserInputError):
            await feed.page(after=cursor)

    @pytest.mark.parametrize("size", [0, -1, 1001])
    async def test_a_page_size_out_of_range_is_rejected(self, feed: Feed, size: int) -> None:
        with pytest.raises(BadUserInputError, match="Use 1 to 1,000"):
            await feed.page(first=size)


class TestFilters:
    async def test_changes_of_an_origin_can_be_excluded(
        self, feed: Feed, connect: Connect, actor: Actor
    ) -> None:
        writer = await connect()
        for origin in ("erp", "crm", "erp"):
            await writer.execute("SELECT set_config('tenure.origin', %s, true)", (origin,))
            await create(writer, actor, origin)
            await writer.commit()
        assert names(await feed.rest(excludeOrigin="erp")) == ["crm"]
        assert [edge["origin"] for edge in await feed.rest()] == ["erp", "crm", "erp"]

    async def test_changes_are_filtered_by_entity_and_operation(
        self, feed: Feed, connect: Connect, actor: Actor
    ) -> None:
        writer = await connect()
        account = await create(writer, actor, "Acme")
        await writer.execute(
            "INSERT INTO contact (tenant_id, last_name, account_id) VALUES (%s, 'Lee', %s)",
            (actor.tenant_id, account),
        )
        await writer.execute("UPDATE account SET deleted_at = now() WHERE id = %s", (account,))
        await writer.commit()
        changes = [(edge["entity"], edge["operation"]) for edge in await feed.rest()]
        assert changes == [("Account", "CREATE"), ("Contact", "CREATE"), ("Account", "DELETE")]
        assert len(await feed.rest(entities=["Contact"])) == 1
        assert len(await feed.rest(operations=["DELETE", "PURGE"])) == 1
        assert len(await feed.rest(operations=["CREATE"], entities=["Account"])) == 1
        assert await feed.rest(entities=[]) == []

    async def test_an_unknown_entity_is_rejected_with_the_known_ones(self, feed: Feed) -> None:
        with pytest.raises(BadUserInputError, match=r"no entity 'Acount'.*Account, Contact"):
            await feed.page(entities=["Acount"])

    async def test_the_feed_contains_changes_of_one_tenant_only(
        self, feed: Feed, connect: Connect, actor: Actor, other_actor: Actor
    ) -> None:
        writer = await connect()
        await create(writer, actor, "own")
        await writer.commit()
        other_feed = Feed(feed.database, feed.catalog, other_actor)
        assert await other_feed.rest() == []
        page = await feed.page()
        assert await other_feed.rest(page["edges"][0]["cursor"]) == []


DELETE_CHANGES = """
WITH deleted AS (DELETE FROM change WHERE tenant_id = %s RETURNING *)
INSERT INTO change_horizon SELECT tenant_id, max(seq), max(transaction_id) FROM deleted GROUP BY 1
"""

HAS_RECENT_HORIZON = """
SELECT EXISTS (
  SELECT FROM change_horizon
  WHERE tenant_id = %s AND transaction_id >= pg_snapshot_xmin(pg_current_snapshot())
)
"""


async def delete_changes(database_url: str, actor: Actor) -> None:
    """Delete all changes of the tenant, as the retention does when they expire."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
        await owner.execute(DELETE_CHANGES, (actor.tenant_id,))
        while await fetch_value(owner, HAS_RECENT_HORIZON, actor.tenant_id):
            await owner.execute("SELECT pg_sleep(0.05)")


class TestRetention:
    async def test_a_cursor_before_deleted_changes_is_rejected(
        self, feed: Feed, connect: Connect, actor: Actor, database_url: str
    ) -> None:
        writer = await connect()
        for name in "ABC":
            await create(writer, actor, name)
            await writer.commit()
        edges = await feed.rest()
        await delete_changes(database_url, actor)
        for edge in edges[:2]:
            with pytest.raises(CursorExpiredError, match=r"have been deleted.*snapshot"):
                await feed.page(after=edge["cursor"])

    async def test_a_cursor_after_all_deleted_changes_is_accepted(
        self, feed: Feed, connect: Connect, actor: Actor, database_url: str
    ) -> None:
        writer = await connect()
        await create(writer, actor, "A")
        await writer.commit()
        await delete_changes(database_url, actor)
        page = await feed.page()
        assert page["edges"] == []
        await create(writer, actor, "B")
        await writer.commit()
        assert names(await feed.rest(page["pageInfo"]["endCursor"])) == ["B"]
        [line, *_] = [line async for line in feed.export()]
        assert await feed.rest(line["cursor"]) == []

    async def test_a_cursor_before_unread_changes_of_a_long_transaction_is_rejected_once_they_are_deleted(
        self, feed: Feed, connect: Connect, actor: Actor, database_url: str
    ) -> None:
        long, quick = await connect(), await connect()
        await create(long, actor, "long")
        await create(quick, actor, "quick")
        await quick.commit()
        cursor = (await feed.page())["pageInfo"]["endCursor"]
        await long.commit()
        await delete_changes(database_url, actor)
        with pytest.raises(CursorExpiredError):
            await feed.page(after=cursor)

    async def test_the_feed_works_on_a_restored_database_with_lower_transaction_ids(
        self, feed: Feed, connect: Connect, actor: Actor, database_url: str
    ) -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
            insert = "INSERT INTO change_horizon VALUES (%s, 0, '9000000000000')"
            await owner.execute(insert, (actor.tenant_id,))
        [line, *_] = [line async for line in feed.export()]
        writer = await connect()
        await create(writer, actor, "A")
        await writer.commit()
        assert names(await feed.rest(line["cursor"])) == ["A"]


WRITERS = 8
TRANSACTIONS = 30


class RandomWriter:
    """Writes a few records at random, in long and short transactions; some are rolled back."""

    def __init__(self, actor: Actor, seed: int) -> None:
        self.actor = actor
        self.random = random.Random(seed)
        self.accounts: list[uuid.UUID] = []
        self.running = WRITERS

    async def write(self, connection: Connection) -> None:
        """Run a number of transactions."""
        for _ in range(TRANSACTIONS):
            try:
                for _ in range(self.random.choice((1, 2, 5, 25))):
                    await self.write_record(connection)
                    await asyncio.sleep(self.random.choice((0, 0, 0.001, 0.02)))
                await (connection.rollback if self.random.random() < 0.2 else connection.commit)()
            except (psycopg.errors.DeadlockDetected, psycopg.errors.ForeignKeyViolation):
                await connection.rollback()
        self.running -= 1

    async def write_record(self, connection: Connection) -> None:
        """Execute one random statement on one record."""
        record = self.random.choice(self.accounts) if self.accounts else None
        match self.random.randrange(10):
            case 0 | 1:
                self.accounts.append(await create(connection, self.actor, f"A{self.random.random()}"))
            case 2 | 3:
                insert = """INSERT INTO contact (tenant_id, last_name, account_id)
                            SELECT tenant_id, 'Lee', id FROM account WHERE id = %s"""
                await connection.execute(insert, (record,))
            case 4:
                await connection.execute("UPDATE account SET deleted_at = now() WHERE id = %s", (record,))
            case 5:
                await connection.execute("UPDATE account SET deleted_at = NULL WHERE id = %s", (record,))
            case 6:
                await connection.execute("DELETE FROM account WHERE id = %s", (record,))
            case _:
                update = "UPDATE account SET employees = %s, address_city = %s WHERE id = %s"
                number = self.random.randrange(5)
                await connection.execute(update, (number, f"City {number}", record))


async def export(feed: Feed) -> tuple[str, Copy]:
    """Read a snapshot export slowly; return its cursor and a copy of its records."""
    copy, cursor, count = Copy(complete=False), "", 0
    async for line in feed.export():
        await asyncio.sleep(0.001)
        if "data" in line:
            copy.load(line)
        elif "cursor" in line:
            cursor = line["cursor"]
        else:
            assert line["done"]
            count = sum(line["counts"].values())
    assert count == len(copy.records)
    return cursor, copy


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_replica_that_follows_the_feed_equals_the_tables(
    feed: Feed, connect: Connect, actor: Actor, seed: int
) -> None:
    random_writer = RandomWriter(actor, seed)
    writers = [asyncio.create_task(random_writer.write(await connect())) for _ in range(WRITERS)]
    replica, late_replica, cursor = Copy(), Copy(complete=False), None
    snapshot: asyncio.Task[tuple[str, Copy]] | None = None
    while random_writer.running:
        page = await feed.page(after=cursor, first=random_writer.random.choice((1, 7, 100)))
        for edge in page["edges"]:
            replica.apply(edge)
        ends = [edge["cursor"] for edge in page["edges"][-1:]] + [page["pageInfo"]["endCursor"]]
        cursor = random_writer.random.choice(ends)
        if snapshot is None and len(replica.records) > 10:
            snapshot = asyncio.create_task(export(feed))
        await asyncio.sleep(0.002)
    await asyncio.gather(*writers)
    for edge in await feed.rest(cursor):
        replica.apply(edge)
    assert snapshot
    since, late_replica = await snapshot
    for edge in await feed.rest(since, first=9):
        late_replica.apply(edge)
    _, final = await export(feed)
    assert len(final.records) > 10
    assert replica.records == final.records
    assert late_replica.records == final.records
    repeated = Copy()
    for edge in await feed.rest():
        repeated.apply(edge)
    assert repeated == replica
    stored = await (await (await connect()).execute("SELECT id, version FROM account")).fetchall()
    assert {str(identity): version for identity, version in stored}.items() <= replica.versions.items()
