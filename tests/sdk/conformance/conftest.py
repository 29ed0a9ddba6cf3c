"""What tests of the kit stand on: a running plugin with a fault of each sort, and tenants with rows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.sdk.conformance.garage_plugin import faulty

from tenure_sdk.conformance.fixtures.environment import Ground, Holding, grounded
from tenure_sdk.conformance.fixtures.plugin_set import company_of


@pytest.fixture(scope="session")
async def ground(server_url: str) -> AsyncIterator[Ground]:
    """The plugin with its faults, running."""
    company = company_of(faulty(), [])
    async with grounded(server_url, company.loaded, (), company.additions) as opened:
        yield opened


@pytest.fixture(scope="session")
async def few(ground: Ground) -> Holding:
    """A tenant with few rows."""
    return await ground.holding(2)


@pytest.fixture(scope="session")
async def many(ground: Ground) -> Holding:
    """A tenant with more rows."""
    return await ground.holding(6)
