"""The asynchronous client: rows from an asynchronous source."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from tests.support.client_fixtures import account_row

from tenure_sdk.client import AsyncTenure


async def test_rows_may_come_from_an_asynchronous_iterable(tenure: AsyncTenure) -> None:
    async def rows() -> AsyncIterator[dict[str, Any]]:
        for number in range(50):
            yield account_row(number, attributes={"text": "x" * 50_000})

    assert (await tenure.upsert_many("Account", rows())).counts == {"CREATED": 50}
