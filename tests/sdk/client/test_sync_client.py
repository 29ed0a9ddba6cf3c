"""The synchronous client: it runs the same flows as the asynchronous one, without an event loop."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest
from tests.support.client_fixtures import account_row
from tests.support.faulty_proxy import FAULTS, FaultyProxy
from tests.support.server_process import TenureProcess

from tenure_sdk.client import Tenure


@pytest.mark.parametrize("fault", FAULTS)
def test_retried_chunks_are_written_once(proxy: FaultyProxy, api_key: str, fault: object) -> None:
    with Tenure(proxy.url, api_key) as tenure:
        proxy.faults = [fault, None, fault]
        report = tenure.upsert_many("Account", (account_row(n) for n in range(1_500)))
        assert report.counts == {"CREATED": 1_500}
        first, second = sorted(set(proxy.keys), key=proxy.keys.index)
        assert proxy.keys == [first, first, second, second]
        assert tenure.query("{ accounts { totalCount } }") == {"accounts": {"totalCount": 1_500}}


async def test_it_works_inside_a_running_event_loop(server: TenureProcess, api_key: str) -> None:
    assert asyncio.get_running_loop().is_running()
    with Tenure(server.url, api_key) as tenure:
        assert tenure.upsert_many("Account", [account_row(1)]).counts == {"CREATED": 1}
        assert [record.data["name"] for record in tenure.snapshot(["Account"])] == ["A1"]


def test_rows_are_read_in_the_calling_thread(server: TenureProcess, api_key: str) -> None:
    with closing(sqlite3.connect(":memory:")) as erp, Tenure(server.url, api_key) as tenure:
        erp.execute("CREATE TABLE customer AS SELECT 1 AS number UNION SELECT 2")
        rows = (account_row(number) for (number,) in erp.execute("SELECT number FROM customer"))
        assert tenure.upsert_many("Account", rows).counts == {"CREATED": 2}
