"""The change feed: pages from a cursor, filters and expired cursors."""

from __future__ import annotations

import psycopg
import pytest
from tests.support.client_fixtures import account_row, read_feed
from tests.support.server_process import TenureProcess

from tenure_sdk.client import AsyncTenure, CursorExpiredError


async def test_the_feed_continues_from_a_cursor(tenure: AsyncTenure) -> None:
    rows = [account_row(n) for n in range(1_200)]
    await tenure.upsert_many("Account", rows)
    changes, cursor = await read_feed(tenure)
    assert [change.operation for change in changes] == ["CREATE"] * 1_200
    assert (changes[0].entity, changes[0].before) == ("Account", None)
    assert changes[0].after
    assert changes[0].after["name"] == "A0"
    rows[7] = account_row(7, name="New")
    await tenure.upsert_many("Account", rows)
    [change], _ = await read_feed(tenure, cursor)
    assert (change.operation, change.changed_fields) == ("UPDATE", ["name"])
    assert (change.before, change.after) == ({"name": "A7"}, {"name": "New"})


async def test_the_filter_excludes_an_origin_and_selects_current_values(
    server: TenureProcess, tenure: AsyncTenure, other_api_key: str
) -> None:
    await tenure.upsert_many("Account", [account_row(1), account_row(2)])
    async with AsyncTenure(server.url, other_api_key) as crm:
        await crm.upsert_many("Account", [account_row(2, name="New")])
    changes, _ = await read_feed(tenure, exclude_origin="erp", node="... on Account { name }")
    assert [(change.origin, change.node) for change in changes] == [("crm", {"name": "New"})]


async def test_an_expired_cursor_is_rejected(
    tenure: AsyncTenure, database_url: str, tenant_name: str
) -> None:
    await tenure.upsert_many("Account", [account_row(1)])
    _, cursor = await read_feed(tenure)
    await tenure.upsert_many("Account", [account_row(2)])
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "INSERT INTO change_horizon (tenant_id, seq, transaction_id) "
            "SELECT tenant_id, max(seq), (max(transaction_id::text::bigint))::text::xid8 FROM change "
            "WHERE tenant_id = (SELECT id FROM tenant WHERE name = %s) GROUP BY tenant_id",
            (tenant_name,),
        )
    with pytest.raises(CursorExpiredError, match="snapshot"):
        await read_feed(tenure, cursor)
