"""Chunked upserts: chunk limits, row results, dry runs and the name of the mutation."""

from __future__ import annotations

import pytest
from tests.support.client_fixtures import account_row, count_accounts

from tenure_core.entities import naming
from tenure_sdk.client import AsyncTenure, UpsertReport
from tenure_sdk.client.protocol import Protocol, SendRequest
from tenure_sdk.client.upserts import MAX_CHUNK_BYTES, ChunkedUpsert, UpsertOptions, pluralize


async def test_rows_are_upserted_in_chunks_and_each_chunk_is_reported(tenure: AsyncTenure) -> None:
    progress: list[tuple[int, int]] = []

    def on_progress(report: UpsertReport) -> None:
        progress.append((report.rows, len(report.last_chunk)))

    rows = [account_row(n) for n in range(2_100)]
    report = await tenure.upsert_many("Account", rows, on_progress=on_progress)
    assert progress == [(1_000, 1_000), (2_000, 1_000), (2_100, 100)]
    assert (report.counts, report.rejected) == ({"CREATED": 2_100}, [])
    last = report.last_chunk[-1]
    assert (last.index, last.key, last.status) == (2_099, "2099", "CREATED")
    assert await count_accounts(tenure) == 2_100
    assert (await tenure.upsert_many("Account", rows)).counts == {"NOOP": 2_100}


async def test_invalid_rows_are_reported_and_the_other_rows_are_written(tenure: AsyncTenure) -> None:
    report = await tenure.upsert_many(
        "Account", [account_row(1), account_row(2, employees=-1), account_row(3)]
    )
    assert report.counts == {"CREATED": 2, "FAILED": 1}
    [rejected] = report.rejected
    assert (rejected.index, rejected.key, rejected.status) == (1, "2", "FAILED")
    assert rejected.errors[0]["code"] == "OUT_OF_RANGE"


async def test_of_two_rows_with_the_same_key_the_last_wins(tenure: AsyncTenure) -> None:
    report = await tenure.upsert_many("Account", [account_row(1), account_row(1, name="Last")])
    assert report.counts == {"CREATED": 1, "UPDATED": 1}
    accounts = await tenure.query("{ accounts { nodes { name } } }")
    assert accounts == {"accounts": {"nodes": [{"name": "Last"}]}}


async def test_a_dry_run_returns_the_differences_and_writes_nothing(tenure: AsyncTenure) -> None:
    await tenure.upsert_many("Account", [account_row(1)])
    report = await tenure.upsert_many("Account", [account_row(1, name="New"), account_row(2)], dry_run=True)
    assert report.counts == {"WOULD_UPDATE": 1, "WOULD_CREATE": 1}
    assert report.last_chunk[0].diff == [{"field": "name", "before": "A1", "after": "New"}]
    assert await count_accounts(tenure) == 1


async def test_the_mutation_is_named_after_the_plural_of_the_entity(tenure: AsyncTenure) -> None:
    await tenure.upsert_many("Account", [account_row(1)])
    note = {
        "match": {"externalRef": {"system": "erp", "id": "n"}},
        "kind": "NOTE",
        "occurredAt": "2026-03-31T09:30:00Z",
        "account": {"externalRef": {"system": "erp", "id": "1"}},
    }
    assert (await tenure.upsert_many("Activity", [note])).counts == {"CREATED": 1}


@pytest.mark.parametrize(
    "noun", ["account", "activity", "day", "batch", "box", "address", "brush", "fleetVan"]
)
def test_plurals_are_those_of_the_server(noun: str) -> None:
    assert pluralize(noun) == naming.pluralize(noun)


def test_a_chunk_is_sent_before_it_exceeds_the_size_limit() -> None:
    options = UpsertOptions("Account", "", "REJECT_FAILED_ROWS", "MERGE", dry_run=False)
    upsert = ChunkedUpsert(Protocol("http://server", "key", 0), options, None)
    row = account_row(1, attributes={"text": "x" * (MAX_CHUNK_BYTES // 2)})
    assert list(upsert.add(row)) == []
    step = next(upsert.add(row | {"match": {"id": "2"}}))
    assert isinstance(step, SendRequest)
    assert len(step.request.content) < 1_000_000
