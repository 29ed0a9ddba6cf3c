"""Fixtures for tests of plugins; those of one name in a `conftest.py` take their place."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenure_core.postgres.embedded import EmbeddedPostgres
from tenure_sdk.testing.app import RunningTenure, Tenant, running_tenure

Ask = Callable[..., Awaitable[dict[str, Any]]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests in one event loop: that in which Tenure runs, whatever the settings say."""
    for item in items:
        if pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def tenure_plugins() -> Iterable[object] | None:
    """The plugins to load, as modules; None for the installed ones. Plugins under test put theirs here."""
    return None


@pytest.fixture(scope="session")
def tenure_settings() -> Mapping[str, object]:
    """Settings that differ from what is usual in tests, by the names of the fields of Tenure's settings."""
    return {}


@pytest.fixture(scope="session")
def tenure_server_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """A PostgreSQL in which databases may be made: the given one, or an embedded one that all runs share."""
    if given := os.environ.get("TENURE_TEST_DATABASE_URL"):
        yield given
    else:
        with EmbeddedPostgres(Path(pytestconfig.rootpath) / ".tenure" / "test") as server:
            yield server.url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tenure(
    tenure_server_url: str,
    tenure_plugins: Iterable[object] | None,
    tenure_settings: Mapping[str, object],
) -> AsyncIterator[RunningTenure]:
    """Tenure with the plugins, in a database of this test process; its workers do nothing by themselves."""
    async with running_tenure(tenure_server_url, tenure_plugins, **tenure_settings) as running:
        yield running


@pytest.fixture
def new_tenant(tenure: RunningTenure) -> Callable[[], Awaitable[Tenant]]:
    """Makes tenants that have all plugins enabled, each with data of its own."""
    return tenure.new_tenant


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(tenure: RunningTenure) -> Tenant:
    """A tenant of this test alone, seen by an administrator, with all plugins enabled."""
    return await tenure.new_tenant()


@pytest_asyncio.fixture(loop_scope="session")
async def other_tenant(tenure: RunningTenure) -> Tenant:
    """Another tenant of this test alone."""
    return await tenure.new_tenant()


@pytest.fixture
def ask(tenant: Tenant) -> Ask:
    """Asks a question as an administrator of `tenant`, with variables by name; returns all of the answer."""
    return tenant.ask
