"""The pytest fixtures. A `conftest.py` can override each of them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenure_core.postgres.embedded import EmbeddedPostgres
from tenure_sdk.testing.app import RunningTenure, Tenant, running_tenure

Execute = Callable[..., Awaitable[dict[str, Any]]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests in the session's event loop, in which the app runs."""
    for item in items:
        if pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def tenure_plugins() -> Iterable[object] | None:
    """The plugins to load, as modules; None for the installed plugins. Tests of a plugin override it."""
    return None


@pytest.fixture(scope="session")
def tenure_settings() -> Mapping[str, object]:
    """Settings that differ from the defaults of tests, by field name of `Settings`."""
    return {}


@pytest.fixture(scope="session")
def tenure_server_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """The URL of a PostgreSQL server for test databases: TENURE_TEST_DATABASE_URL, or an embedded server."""
    if url := os.environ.get("TENURE_TEST_DATABASE_URL"):
        yield url
    else:
        home = Path(pytestconfig.rootpath) / ".tenure" / "test"
        with EmbeddedPostgres(home, durable=False) as server:
            yield server.url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tenure(
    tenure_server_url: str,
    tenure_plugins: Iterable[object] | None,
    tenure_settings: Mapping[str, object],
) -> AsyncIterator[RunningTenure]:
    """The app with the plugins, in a database of this test process, without background workers."""
    async with running_tenure(tenure_server_url, tenure_plugins, **tenure_settings) as running:
        yield running


@pytest.fixture
def create_tenant(tenure: RunningTenure) -> Callable[[], Awaitable[Tenant]]:
    """Creates tenants that have all plugins enabled."""
    return tenure.create_tenant


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(tenure: RunningTenure) -> Tenant:
    """A new tenant with all plugins enabled, with the API key of an administrator."""
    return await tenure.create_tenant()


@pytest_asyncio.fixture(loop_scope="session")
async def other_tenant(tenure: RunningTenure) -> Tenant:
    """A second new tenant."""
    return await tenure.create_tenant()


@pytest.fixture
def execute(tenant: Tenant) -> Execute:
    """Executes a GraphQL operation as an administrator of `tenant`: see `Tenant.execute`."""
    return tenant.execute
