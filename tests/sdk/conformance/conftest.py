"""Fixtures: the running garage plugin with faults, and tenants with rows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.sdk.conformance.garage_plugin import faulty_plugin

from tenure_sdk.conformance.fixtures.environment import Environment, TenantData, run_environment
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set


@pytest.fixture(scope="session")
async def environment(server_url: str) -> AsyncIterator[Environment]:
    """The running plugin with faults."""
    plugin_set = load_plugin_set(faulty_plugin(), [])
    async with run_environment(server_url, plugin_set.loaded_plugin, (), plugin_set.additions) as environment:
        yield environment


@pytest.fixture(scope="session")
async def few(environment: Environment) -> TenantData:
    """A tenant with few rows."""
    return await environment.create_tenant_data(2)


@pytest.fixture(scope="session")
async def many(environment: Environment) -> TenantData:
    """A tenant with more rows."""
    return await environment.create_tenant_data(6)
