"""The client: whatever breaks on the way, what is written is written once, and what is read is read whole."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from typing import Any

import psycopg
import pytest
from tests.support.faulty_proxy import FAULTS, BreakingProxy, breaking_proxy
from tests.support.server_process import Running, running

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Role
from tenure_sdk.client import (
    AsyncTenure,
    CursorExpiredError,
    RequestRejectedError,
    SnapshotBrokenError,
    Tenure,
    UnreachableError,
    UpsertReport,
)

CREATE = "mutation Create($name: String!) { accountCreate(input: {name: $name}) { account { id } replayed } }"


def row(number: int, **fields: Any) -> dict[str, Any]:
    return {"match": {"externalRef": {"system": "erp", "id": str(number)}}, "name": f"A{number}", **fields}


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[Running]:
    with running(database_url) as server:
        yield server


@pytest.fixture
def proxy(server: Running) -> Iterator[BreakingProxy]:
    with breaking_proxy(server.url) as proxy:
        yield proxy


@pytest.fixture
def tenant(database_url: str) -> str:
    return f"client {uuid.uuid4()}"


@pytest.fixture
def key(database_url: str, tenant: str) -> str:
    return create_key(database_url, tenant, Role.ADMIN, "client", "erp").secret


@pytest.fixture
def other_key(database_url: str, tenant: str) -> str:
    """A key of the same tenant, for another system."""
    return create_key(database_url, tenant, Role.ADMIN, "client", "crm").secret


@pytest.fixture
async def tenure(server: Running, key: str) -> AsyncIterator[AsyncTenure]:
    async with AsyncTenure(server.url, key) as tenure:
        yield tenure


async def count(tenure: AsyncTenure) -> int:
    data = await tenure.query("{ accounts { totalCount } }")
    return data["accounts"]["totalCount"]


async def test_any_number_of_rows_is_upserted_by_chunks_and_progress_is_told(tenure: AsyncTenure) -> None:
    told: list[tuple[int, int]] = []

    def on_progress(done: UpsertReport) -> None:
        told.append((done.rows, len(done.latest)))

    done = await tenure.upsert_many("Account", (row(n) for n in range(2_100)), on_progress=on_progress)
    assert told == [(1_000, 1_000), (2_000, 1_000), (2_100, 100)]
    assert (done.counts, done.refused) == ({"CREATED": 2_100}, [])
    assert (done.latest[-1].index, done.latest[-1].key, done.latest[-1].status) == (2_099, "2099", "CREATED")
    assert await count(tenure) == 2_100
    again = await tenure.upsert_many("Account", (row(n) for n in range(2_100)))
    assert again.counts == {"NOOP": 2_100}


async def test_rows_come_from_an_asynchronous_source_too_and_large_ones_in_smaller_chunks(
    tenure: AsyncTenure,
) -> None:
    async def rows() -> AsyncIterator[dict[str, Any]]:
        for number in range(50):
            yield row(number, attributes={"text": "x" * 50_000})

    assert (await tenure.upsert_many("Account", rows())).counts == {"CREATED": 50}


async def test_faulty_rows_are_told_and_the_others_written(tenure: AsyncTenure) -> None:
    done = await tenure.upsert_many("Account", [row(1), row(2, employees=-1), row(3)])
    assert done.counts == {"CREATED": 2, "FAILED": 1}
    [refused] = done.refused
    assert (refused.index, refused.key, refused.status) == (1, "2", "FAILED")
    assert refused.errors[0]["code"] == "OUT_OF_RANGE"


async def test_a_dry_run_tells_the_differences_and_writes_nothing(tenure: AsyncTenure) -> None:
    await tenure.upsert_many("Account", [row(1)])
    done = await tenure.upsert_many("Account", [row(1, name="New"), row(2)], dry_run=True)
    assert done.counts == {"WOULD_UPDATE": 1, "WOULD_CREATE": 1}
    assert done.latest[0].diff == [{"field": "name", "before": "A1", "after": "New"}]
    assert await count(tenure) == 1


async def test_other_entities_are_found_by_their_plural(tenure: AsyncTenure) -> None:
    await tenure.upsert_many("Account", [row(1)])
    note = {
        "match": {"externalRef": {"system": "erp", "id": "n"}},
        "kind": "NOTE",
        "occurredAt": "2026-03-31T09:30:00Z",
        "account": {"externalRef": {"system": "erp", "id": "1"}},
    }
    assert (await tenure.upsert_many("Activity", [note])).counts == {"CREATED": 1}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_write_is_done_once_whatever_breaks_on_the_way(
    proxy: BreakingProxy, tenure: AsyncTenure, key: str, fault: object
) -> None:
    async with AsyncTenure(proxy.url, key) as over_proxy:
        proxy.faults = [fault, fault]
        written = await over_proxy.query(CREATE, {"name": "Once"})
    assert len(proxy.keys) == 3
    assert len(set(proxy.keys)) == 1
    assert written["accountCreate"]["replayed"] is (fault in ("lost", "half"))
    assert await count(tenure) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_the_synchronous_client_writes_once_too_without_a_loop(
    proxy: BreakingProxy, key: str, fault: object
) -> None:
    with Tenure(proxy.url, key) as tenure:
        proxy.faults = [fault, None, fault]
        done = tenure.upsert_many("Account", (row(n) for n in range(1_500)))
        assert done.counts == {"CREATED": 1_500}
        first, second = sorted(set(proxy.keys), key=proxy.keys.index)
        assert proxy.keys == [first, first, second, second]
        assert tenure.query("{ accounts { totalCount } }") == {"accounts": {"totalCount": 1_500}}


async def test_the_synchronous_client_works_inside_of_a_running_loop(server: Running, key: str) -> None:
    assert asyncio.get_running_loop().is_running()
    with Tenure(server.url, key) as tenure:
        assert tenure.upsert_many("Account", [row(1)]).counts == {"CREATED": 1}
        assert [record.data["name"] for record in tenure.snapshot(["Account"])] == ["A1"]


def test_the_synchronous_client_reads_rows_in_the_thread_that_calls_it(server: Running, key: str) -> None:
    with closing(sqlite3.connect(":memory:")) as erp, Tenure(server.url, key) as tenure:
        erp.execute("CREATE TABLE customer AS SELECT 1 AS number UNION SELECT 2")
        rows = (row(number) for (number,) in erp.execute("SELECT number FROM customer"))
        assert tenure.upsert_many("Account", rows).counts == {"CREATED": 2}


async def test_patience_ends_with_an_error_that_names_the_address(key: str) -> None:
    async with AsyncTenure("http://127.0.0.1:1", key, patience=0.5) as tenure:
        with pytest.raises(UnreachableError, match=r"http://127\.0\.0\.1:1 gave no answer: ConnectError"):
            await tenure.query("{ __typename }")


async def test_an_address_that_can_not_be_asked_is_told_at_once(key: str) -> None:
    async with AsyncTenure("tenure.example.com", key) as tenure:
        with pytest.raises(UnreachableError, match="UnsupportedProtocol"):
            await tenure.query("{ __typename }")


async def test_what_is_refused_is_not_tried_again(proxy: BreakingProxy, key: str) -> None:
    async with AsyncTenure(proxy.url, "unknown") as tenure:
        with pytest.raises(RequestRejectedError, match="unknown or revoked") as refused:
            await tenure.query("{ __typename }")
    assert refused.value.codes == {"UNAUTHENTICATED"}
    async with AsyncTenure(f"{proxy.url}/elsewhere", key) as tenure:
        with pytest.raises(RequestRejectedError, match="Not Found"):
            await tenure.query("{ __typename }")
    assert len(proxy.keys) == 2


def test_the_client_is_there_at_once() -> None:
    heavy = "{'sqlalchemy', 'psycopg', 'strawberry', 'graphql', 'pydantic'}"
    program = f"import sys, tenure_sdk.client; print(*({heavy} & sys.modules.keys()))"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "\n"


async def pages(
    tenure: AsyncTenure, cursor: str | None = None, **options: Any
) -> tuple[list[Any], str | None]:
    """Read the feed to its end; return the changes and the cursor behind them."""
    changes: list[Any] = []
    async with aclosing(tenure.follow_changes(cursor, poll_seconds=0.01, **options)) as feed:
        async for page in feed:
            changes += page.changes
            cursor = page.cursor
            if not page.has_more:
                break
    return changes, cursor


async def test_changes_are_followed_from_where_the_last_reader_stopped(tenure: AsyncTenure) -> None:
    await tenure.upsert_many("Account", [row(n) for n in range(1_200)])
    changes, cursor = await pages(tenure)
    assert [change.operation for change in changes] == ["CREATE"] * 1_200
    assert changes[0].entity == "Account"
    assert changes[0].after["name"] == "A0"
    await tenure.upsert_many("Account", [row(n, name="New") if n == 7 else row(n) for n in range(1_200)])
    [change], _ = await pages(tenure, cursor)
    assert (change.operation, change.changed_fields) == ("UPDATE", ["name"])
    assert (change.before, change.after) == ({"name": "A7"}, {"name": "New"})


async def test_the_feed_goes_on_by_itself_over_broken_connections(
    proxy: BreakingProxy, tenure: AsyncTenure, key: str
) -> None:
    seen: list[str] = []
    async with (
        AsyncTenure(proxy.url, key) as over_proxy,
        aclosing(over_proxy.follow_changes(poll_seconds=0.01)) as feed,
    ):
        for number in range(5):
            proxy.faults = [FAULTS[number % 3], 503]
            await tenure.upsert_many("Account", [row(number)])
            async for page in feed:
                seen += [change.after["name"] for change in page.changes if change.after]
                if page.changes:
                    break
    assert seen == ["A0", "A1", "A2", "A3", "A4"]


async def test_one_s_own_echo_is_left_out_and_records_are_asked_as_they_are(
    server: Running, tenure: AsyncTenure, other_key: str
) -> None:
    await tenure.upsert_many("Account", [row(1), row(2)])
    async with AsyncTenure(server.url, other_key) as crm:
        await crm.upsert_many("Account", [row(2, name="New")])
    changes, _ = await pages(tenure, exclude_origin="erp", node="... on Account { name }")
    assert [(change.origin, change.node) for change in changes] == [("crm", {"name": "New"})]


async def test_a_snapshot_has_every_record_and_the_cursor_behind_it(tenure: AsyncTenure) -> None:
    odd = "a\u2028b\x85c\x0bd"
    await tenure.upsert_many("Account", [row(n) for n in range(1_500)] + [row(0, name=odd)])
    snapshot = tenure.snapshot(["Account"])
    records = [record async for record in snapshot]
    assert {record.entity for record in records} == {"Account"}
    assert sorted(record.data["name"] for record in records) == sorted(
        [odd, *(f"A{n}" for n in range(1, 1_500))]
    )
    await tenure.upsert_many("Account", [row(1, name="Later")])
    [change], _ = await pages(tenure, snapshot.cursor)
    assert change.after == {"name": "Later"}


async def test_a_snapshot_that_breaks_off_is_no_snapshot(
    proxy: BreakingProxy, tenure: AsyncTenure, key: str
) -> None:
    await tenure.upsert_many("Account", [row(n) for n in range(100)])
    async with AsyncTenure(proxy.url, key) as over_proxy:
        proxy.faults = [503, "half"]
        snapshot = over_proxy.snapshot()
        with pytest.raises(SnapshotBrokenError, match="broke off"):
            _ = [record async for record in snapshot]
        with pytest.raises(SnapshotBrokenError):
            _ = snapshot.cursor
        with pytest.raises(RequestRejectedError, match="Nothing"):
            _ = [record async for record in over_proxy.snapshot(["Nothing"])]


async def test_a_cursor_that_is_too_old_says_so(tenure: AsyncTenure, database_url: str, tenant: str) -> None:
    await tenure.upsert_many("Account", [row(1)])
    _, cursor = await pages(tenure)
    await tenure.upsert_many("Account", [row(2)])
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "INSERT INTO change_horizon (tenant_id, seq, transaction_id) "
            "SELECT tenant_id, max(seq), (max(transaction_id::text::bigint))::text::xid8 FROM change "
            "WHERE tenant_id = (SELECT id FROM tenant WHERE name = %s) GROUP BY tenant_id",
            (tenant,),
        )
    with pytest.raises(CursorExpiredError, match="snapshot"):
        await pages(tenure, cursor)
