"""Snapshots: every record is read, and an incomplete snapshot is detected."""

from __future__ import annotations

import pytest
from tests.support.client_fixtures import account_row
from tests.support.faulty_proxy import FaultyProxy

from tenure_sdk.client import AsyncTenure, IncompleteSnapshotError, RequestRejectedError
from tenure_sdk.client.snapshots import SnapshotReader

LINES = b"""{"cursor": "c"}

{"entity": "Account", "id": "1", "version": 1, "data": {"name": "A"}}
{"done": true}
"""


async def test_a_snapshot_contains_every_record(tenure: AsyncTenure) -> None:
    name = "a\u2028b\x85c\x0bd"  # line separators of Unicode, which don't end a line of NDJSON
    await tenure.upsert_many(
        "Account", [account_row(0, name=name), *(account_row(n) for n in range(1, 1_500))]
    )
    records = [record async for record in tenure.snapshot(["Account"])]
    assert {record.entity for record in records} == {"Account"}
    names = [name, *(f"A{n}" for n in range(1, 1_500))]
    assert sorted(record.data["name"] for record in records) == sorted(names)


async def test_a_snapshot_that_ends_early_is_incomplete(
    proxy: FaultyProxy, tenure: AsyncTenure, api_key: str
) -> None:
    await tenure.upsert_many("Account", [account_row(n) for n in range(100)])
    async with AsyncTenure(proxy.url, api_key) as proxied:
        proxy.faults = [503, "half"]
        snapshot = proxied.snapshot()
        with pytest.raises(IncompleteSnapshotError, match="ended early"):
            _ = [record async for record in snapshot]
        with pytest.raises(IncompleteSnapshotError, match="incomplete"):
            _ = snapshot.cursor


async def test_an_unknown_entity_is_rejected(tenure: AsyncTenure) -> None:
    with pytest.raises(RequestRejectedError, match="Nothing"):
        _ = [record async for record in tenure.snapshot(["Nothing"])]


@pytest.mark.parametrize("size", [1, 2, 7, len(LINES)])
def test_lines_may_be_split_anywhere(size: int) -> None:
    reader = SnapshotReader()
    parts = [LINES[start : start + size] for start in range(0, len(LINES), size)]
    assert [record.data for part in parts for record in reader.feed(part)] == [{"name": "A"}]
    reader.finish()
    assert reader.cursor == "c"
