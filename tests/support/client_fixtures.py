"""Fixtures for tests of the client: a server process, a faulty proxy, and API keys of a new tenant."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from tests.support.faulty_proxy import FaultyProxy, run_faulty_proxy
from tests.support.server_process import TenureProcess, run_tenure

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Role
from tenure_sdk.client import AsyncTenure, Change


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[TenureProcess]:
    with run_tenure(database_url) as server:
        yield server


@pytest.fixture
def proxy(server: TenureProcess) -> Iterator[FaultyProxy]:
    with run_faulty_proxy(server.url) as proxy:
        yield proxy


@pytest.fixture
def tenant_name() -> str:
    return f"client {uuid.uuid4()}"


@pytest.fixture
def api_key(database_url: str, tenant_name: str) -> str:
    return create_key(database_url, tenant_name, Role.ADMIN, "client", "erp").secret


@pytest.fixture
def other_api_key(database_url: str, tenant_name: str) -> str:
    """A key of the same tenant with another origin."""
    return create_key(database_url, tenant_name, Role.ADMIN, "client", "crm").secret


@pytest.fixture
async def tenure(server: TenureProcess, api_key: str) -> AsyncIterator[AsyncTenure]:
    async with AsyncTenure(server.url, api_key) as tenure:
        yield tenure


def account_row(number: int, **fields: Any) -> dict[str, Any]:
    match = {"externalRef": {"system": "erp", "id": str(number)}}
    return {"match": match, "name": f"A{number}", **fields}


async def count_accounts(tenure: AsyncTenure) -> int:
    data = await tenure.query("{ accounts { totalCount } }")
    count: int = data["accounts"]["totalCount"]
    return count


async def read_feed(
    tenure: AsyncTenure, cursor: str | None = None, **change_filter: Any
) -> tuple[list[Change], str | None]:
    """Read the feed to its end; return the changes and the last cursor."""
    changes: list[Change] = []
    async with aclosing(tenure.follow_changes(cursor, poll_seconds=0.01, **change_filter)) as feed:
        async for page in feed:
            changes += page.changes
            cursor = page.cursor
            if not page.has_more:
                break
    return changes, cursor
