"""What tests of the kit stand on: a running plugin with a fault of each sort, and tenants with rows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.sdk.conformance.garage_plugin import faulty

from tenure_sdk.conformance.fixtures.environment import Environment, TenantData, run_environment
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set


@pytest.fixture(scope="session")
async def ground(server_url: str) -> AsyncIterator[Environment]:
    """The plugin with its faults, running."""
    company = load_plugin_set(faulty(), [])
    async with run_environment(server_url, company.loaded, (), company.additions) as opened:
        yield opened


@pytest.fixture(scope="session")
async def few(ground: Environment) -> TenantData:
    """A tenant with few rows."""
    return await ground.tenant_data(2)


@pytest.fixture(scope="session")
async def many(ground: Environment) -> TenantData:
    """A tenant with more rows."""
    return await ground.tenant_data(6)
