"""Tests of plugins: fixtures with a whole Tenure, the plugins under test in it, on a real PostgreSQL.

In the `conftest.py` of a plugin:

    import pytest
    import tenure_fleet.plugin

    pytest_plugins = ["tenure_sdk.testing"]

    @pytest.fixture(scope="session")
    def tenure_plugins():
        return [tenure_fleet.plugin]

In a test, with `asyncio_mode = "auto"` in pytest's settings:

    async def test_vehicles_are_listed(tenant):
        async with tenant.context("fleet") as context:
            await context.write.create(Vehicle, [{"plate": "B-TN 1"}])
        assert await tenant.ask("{ vehicles { nodes { plate } } }") == {
            "data": {"vehicles": {"nodes": [{"plate": "B-TN 1"}]}}
        }

TENURE_TEST_DATABASE_URL names the PostgreSQL to make databases in; where it is not set, an embedded one is
used. What needs another set of plugins than the rest starts a Tenure of its own with `running_tenure`.
"""

from tenure_sdk.testing.app import RunningTenure, Tenant, running_tenure
from tenure_sdk.testing.fixtures import (
    ask,
    new_tenant,
    other_tenant,
    pytest_collection_modifyitems,
    tenant,
    tenure,
    tenure_plugins,
    tenure_server_url,
    tenure_settings,
)

__all__ = [
    "RunningTenure",
    "Tenant",
    "ask",
    "new_tenant",
    "other_tenant",
    "pytest_collection_modifyitems",
    "running_tenure",
    "tenant",
    "tenure",
    "tenure_plugins",
    "tenure_server_url",
    "tenure_settings",
]
