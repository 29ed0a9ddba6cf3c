"""An integration reads a snapshot and follows the change feed, also over broken connections."""

from __future__ import annotations

from contextlib import aclosing

from tests.support.client_fixtures import account_row, read_feed
from tests.support.faulty_proxy import FAULTS, FaultyProxy

from tenure_sdk.client import AsyncTenure


async def test_the_feed_continues_from_the_cursor_of_a_snapshot(tenure: AsyncTenure) -> None:
    await tenure.upsert_many("Account", [account_row(n) for n in range(1_500)])
    snapshot = tenure.snapshot(["Account"])
    records = {record.id: dict(record.data) async for record in snapshot}
    assert len(records) == 1_500
    await tenure.upsert_many("Account", [account_row(1, name="Later")])
    [change], _ = await read_feed(tenure, snapshot.cursor)
    assert change.after == {"name": "Later"}
    assert records[change.id]["name"] == "A1"


async def test_the_feed_continues_after_broken_connections(
    proxy: FaultyProxy, tenure: AsyncTenure, api_key: str
) -> None:
    names: list[str] = []
    async with (
        AsyncTenure(proxy.url, api_key) as proxied,
        aclosing(proxied.follow_changes(poll_seconds=0.01)) as feed,
    ):
        for number in range(5):
            proxy.faults = [FAULTS[number % 3], 503]
            await tenure.upsert_many("Account", [account_row(number)])
            async for page in feed:
                names += [change.after["name"] for change in page.changes if change.after]
                if page.changes:
                    break
    assert names == ["A0", "A1", "A2", "A3", "A4"]
