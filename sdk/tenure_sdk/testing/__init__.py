"""Pytest fixtures for tests of plugins: the app with the plugins under test, on a PostgreSQL database.

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
        assert await tenant.execute("{ vehicles { nodes { plate } } }") == {
            "data": {"vehicles": {"nodes": [{"plate": "B-TN 1"}]}}
        }

TENURE_TEST_DATABASE_URL is the PostgreSQL server for test databases; without it, an embedded server is
started. A test that needs other plugins starts another app with `running_tenure`.
"""

from tenure_sdk.testing.app import RunningTenure, Tenant, running_tenure
from tenure_sdk.testing.fixtures import (
    create_tenant,
    execute,
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
    "create_tenant",
    "execute",
    "other_tenant",
    "pytest_collection_modifyitems",
    "running_tenure",
    "tenant",
    "tenure",
    "tenure_plugins",
    "tenure_server_url",
    "tenure_settings",
]
