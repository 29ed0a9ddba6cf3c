"""The feed is complete and in order, whoever writes meanwhile, and a reader may stop and go on anywhere."""

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
from tenure_core.postgres.database import Database, service_conninfo

Connection = psycopg.AsyncConnection[Any]
Connect = Callable[[], Awaitable[Connection]]


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
            tenant = str(actor.tenant_id)
            await connection.execute("SELECT set_config('tenure.tenant_id', %s, false)", (tenant,))
            await connection.commit()
            return connection

        yield opened


async def one(connection: Connection, statement: str, *values: object) -> Any:
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return row[0]


async def create(connection: Connection, actor: Actor, name: str) -> uuid.UUID:
    insert = "INSERT INTO account (tenant_id, name) VALUES (%s, %s) RETURNING id"
    found: uuid.UUID = await one(connection, insert, actor.tenant_id, name)
    return found


def names(edges: list[Any]) -> list[str]:
    return [(edge["after"] or edge["before"]).get("name") for edge in edges]


class TestOrder:
    async def test_a_change_behind_those_that_were_read_is_read_next(
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

    async def test_so_is_one_of_a_transaction_that_began_after_all_that_have_ended(
        self, feed: Feed, connect: Connect, actor: Actor
    ) -> None:
        older, younger = await connect(), await connect()
        await one(older, "SELECT pg_current_xact_id()::text")
        await create(younger, actor, "younger")
        await create(older, actor, "older")
        await older.commit()
        first = await feed.page()
        assert names(first["edges"]) == ["older"]
        await younger.commit()
        assert names(await feed.rest(first["pageInfo"]["endCursor"])) == ["younger"]

    async def test_an_older_transaction_that_writes_a_record_last_comes_last(
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

    async def test_what_is_rolled_back_is_never_seen(
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
    async def test_a_reader_goes_on_at_any_change(self, feed: Feed, connect: Connect, actor: Actor) -> None:
        writer = await connect()
        for number in range(7):
            await create(writer, actor, str(number))
            await writer.commit()
        edges = await feed.rest()
        for index, edge in enumerate(edges):
            assert names(await feed.rest(edge["cursor"])) == names(edges[index + 1 :])

    @pytest.mark.parametrize("size", [1, 4, 10, 30, 1000])
    async def test_also_in_the_midst_of_what_a_long_transaction_left_behind(
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
            found = [name for name in names(edges) if name.startswith(who)]
            assert found == [f"{who} {n}" for n in range(10)]
        for index, edge in enumerate(edges):
            assert sorted(names(await feed.rest(edge["cursor"], first=size))) == sorted(
                names(edges[index + 1 :])
            )

    async def test_a_reader_who_has_read_all_goes_on_from_there(
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

    async def test_the_end_of_a_page_lies_behind_what_the_reader_does_not_want(
        self, feed: Feed, connect: Connect, actor: Actor
    ) -> None:
        writer = await connect()
        await create(writer, actor, "A")
        await writer.commit()
        page = await feed.page(entities=["Contact"])
        assert page["edges"] == []
        assert await feed.rest(page["pageInfo"]["endCursor"]) == []

    async def test_pages_say_whether_there_is_more(self, feed: Feed, connect: Connect, actor: Actor) -> None:
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
    async def test_what_is_no_cursor_is_refused(self, feed: Feed, cursor: str) -> None:
        with pytest.raises(BadUserInputError):
            await feed.page(after=cursor)

    @pytest.mark.parametrize("size", [0, -1, 1001])
    async def test_a_page_has_a_size(self, feed: Feed, size: int) -> None:
        with pytest.raises(BadUserInputError, match="1 to 1000"):
            await feed.page(first=size)


class TestWhatIsWanted:
    async def test_one_s_own_changes_can_be_left_out(
        self, feed: Feed, connect: Connect, actor: Actor
    ) -> None:
        writer = await connect()
        for origin in ("erp", "crm", "erp"):
            await writer.execute("SELECT set_config('tenure.origin', %s, true)", (origin,))
            await create(writer, actor, origin)
            await writer.commit()
        assert names(await feed.rest(excludeOrigin="erp")) == ["crm"]
        assert [edge["origin"] for edge in await feed.rest()] == ["erp", "crm", "erp"]

    async def test_entities_and_operations_can_be_chosen(
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
        found = [(edge["entity"], edge["operation"]) for edge in await feed.rest()]
        assert found == [("Account", "CREATE"), ("Contact", "CREATE"), ("Account", "DELETE")]
        assert len(await feed.rest(entities=["Contact"])) == 1
        assert len(await feed.rest(operations=["DELETE", "PURGE"])) == 1
        assert len(await feed.rest(operations=["CREATE"], entities=["Account"])) == 1
        assert await feed.rest(entities=[]) == []

    async def test_an_entity_that_is_not_there_is_named(self, feed: Feed) -> None:
        with pytest.raises(BadUserInputError, match=r"no entity 'Acount'.*Account, Contact"):
            await feed.page(entities=["Acount"])

    async def test_tenants_stay_apart(
        self, feed: Feed, connect: Connect, actor: Actor, other_actor: Actor
    ) -> None:
        writer = await connect()
        await create(writer, actor, "ours")
        await writer.commit()
        theirs = Feed(feed.database, feed.catalog, other_actor)
        assert await theirs.rest() == []
        ours = await feed.page()
        assert await theirs.rest(ours["edges"][0]["cursor"]) == []


FORGET = """
WITH gone AS (DELETE FROM change WHERE tenant_id = %s RETURNING *)
INSERT INTO change_horizon SELECT tenant_id, max(seq), max(transaction_id) FROM gone GROUP BY 1
"""

STILL_YOUNG = """
SELECT EXISTS (
  SELECT FROM change_horizon
  WHERE tenant_id = %s AND transaction_id >= pg_snapshot_xmin(pg_current_snapshot())
)
"""


async def forget(database_url: str, actor: Actor) -> None:
    """Drop all that the tenant's feed has, as it will be when it has grown old."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
        await owner.execute(FORGET, (actor.tenant_id,))
        while await one(owner, STILL_YOUNG, actor.tenant_id):
            await owner.execute("SELECT pg_sleep(0.05)")


class TestWhatIsGone:
    async def test_a_cursor_before_what_is_kept_is_refused(
        self, feed: Feed, connect: Connect, actor: Actor, database_url: str
    ) -> None:
        writer = await connect()
        for name in "ABC":
            await create(writer, actor, name)
            await writer.commit()
        edges = await feed.rest()
        await forget(database_url, actor)
        for edge in edges[:2]:
            with pytest.raises(CursorExpiredError, match=r"no longer kept.*snapshot"):
                await feed.page(after=edge["cursor"])

    async def test_a_cursor_of_a_reader_who_has_read_all_of_it_is_not(
        self, feed: Feed, connect: Connect, actor: Actor, database_url: str
    ) -> None:
        writer = await connect()
        await create(writer, actor, "A")
        await writer.commit()
        await forget(database_url, actor)
        page = await feed.page()
        assert page["edges"] == []
        await create(writer, actor, "B")
        await writer.commit()
        assert names(await feed.rest(page["pageInfo"]["endCursor"])) == ["B"]
        [line, *_] = [line async for line in feed.export()]
        assert await feed.rest(line["cursor"]) == []

    async def test_what_a_long_transaction_left_behind_and_was_not_read_counts_as_gone(
        self, feed: Feed, connect: Connect, actor: Actor, database_url: str
    ) -> None:
        long, quick = await connect(), await connect()
        await create(long, actor, "long")
        await create(quick, actor, "quick")
        await quick.commit()
        cursor = (await feed.page())["pageInfo"]["endCursor"]
        await long.commit()
        await forget(database_url, actor)
        with pytest.raises(CursorExpiredError):
            await feed.page(after=cursor)

    async def test_a_restored_database_can_be_followed(
        self, feed: Feed, connect: Connect, actor: Actor, database_url: str
    ) -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
            there = "INSERT INTO change_horizon VALUES (%s, 0, '9000000000000')"
            await owner.execute(there, (actor.tenant_id,))
        [line, *_] = [line async for line in feed.export()]
        writer = await connect()
        await create(writer, actor, "A")
        await writer.commit()
        assert names(await feed.rest(line["cursor"])) == ["A"]


WRITERS = 8
TRANSACTIONS = 30


class Chaos:
    """Writers that do anything to the same few records, in long and short transactions, and often give up."""

    def __init__(self, actor: Actor, seed: int) -> None:
        self.actor = actor
        self.random = random.Random(seed)
        self.accounts: list[uuid.UUID] = []
        self.writing = WRITERS

    async def write(self, connection: Connection) -> None:
        """Write transaction after transaction."""
        for _ in range(TRANSACTIONS):
            try:
                for _ in range(self.random.choice((1, 2, 5, 25))):
                    await self.step(connection)
                    await asyncio.sleep(self.random.choice((0, 0, 0.001, 0.02)))
                await (connection.rollback if self.random.random() < 0.2 else connection.commit)()
            except (psycopg.errors.DeadlockDetected, psycopg.errors.ForeignKeyViolation):
                await connection.rollback()
        self.writing -= 1

    async def step(self, connection: Connection) -> None:
        """Do one thing to one record."""
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


async def exported(feed: Feed) -> tuple[str, Copy]:
    """Return the cursor of an export and a copy begun with it, having read it slowly."""
    copy, cursor, counted = Copy(whole=False), "", 0
    async for line in feed.export():
        await asyncio.sleep(0.001)
        if "data" in line:
            copy.load(line)
        elif "cursor" in line:
            cursor = line["cursor"]
        else:
            assert line["done"]
            counted = sum(line["counts"].values())
    assert counted == len(copy.records)
    return cursor, copy


@pytest.mark.parametrize("seed", [1, 2])
async def test_whoever_follows_the_feed_has_what_is_in_the_tables(
    feed: Feed, connect: Connect, actor: Actor, seed: int
) -> None:
    chaos = Chaos(actor, seed)
    writers = [asyncio.create_task(chaos.write(await connect())) for _ in range(WRITERS)]
    follower, late_comer, cursor = Copy(), Copy(whole=False), None
    snapshot: asyncio.Task[tuple[str, Copy]] | None = None
    while chaos.writing:
        page = await feed.page(after=cursor, first=chaos.random.choice((1, 7, 100)))
        for edge in page["edges"]:
            follower.apply(edge)
        ends = [edge["cursor"] for edge in page["edges"][-1:]] + [page["pageInfo"]["endCursor"]]
        cursor = chaos.random.choice(ends)
        if snapshot is None and len(follower.records) > 10:
            snapshot = asyncio.create_task(exported(feed))
        await asyncio.sleep(0.002)
    await asyncio.gather(*writers)
    for edge in await feed.rest(cursor):
        follower.apply(edge)
    assert snapshot
    since, late_comer = await snapshot
    for edge in await feed.rest(since, first=9):
        late_comer.apply(edge)
    _, final = await exported(feed)
    assert len(final.records) > 10
    assert follower.records == final.records
    assert late_comer.records == final.records
    again = Copy()
    for edge in await feed.rest():
        again.apply(edge)
    assert again == follower
    stored = await (await (await connect()).execute("SELECT id, version FROM account")).fetchall()
    assert {str(identity): version for identity, version in stored}.items() <= follower.versions.items()
