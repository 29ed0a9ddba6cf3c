"""Fixtures of all tests: PostgreSQL databases, and actors in new tenants."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.support.actors import create_actor
from tests.support.machine_entity import create_machines, machine_catalog

from tenure_core.access.identity import Actor, Role
from tenure_core.catalog.builder import build_catalog
from tenure_core.catalog.catalog import Catalog
from tenure_core.migrate import runner
from tenure_core.postgres.database import Database
from tenure_core.postgres.embedded import EmbeddedPostgres
from tenure_core.settings import Settings
from tenure_schema.http.logging_setup import configure_logs

configure_logs("warning")

# The tests, and the commands that they run, do not load installed plugins.
os.environ["TENURE_PLUGINS_ALLOW"] = ""

HOME = Path(__file__).parent.parent / ".tenure" / "test"

# Programs that tests run start twice as fast with compiled files.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

SLOW_FILES = {
    "test_bench_smoke.py",
    "test_conformance.py",
    "test_generator.py",
    "test_guide.py",
    "test_import_azure_pdm.py",
    "test_import_online_retail.py",
    "test_interrupt_a_bulk_load.py",
    "test_isolate_tenants.py",
    "test_keep_an_erp_in_sync.py",
    "test_query_on_both_paths.py",
    "test_readme.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow files first, so that no worker process waits for one at the end."""
    items.sort(key=lambda item: item.path.name not in SLOW_FILES)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """URL of a server whose login may create databases: TENURE_TEST_DATABASE_URL, or an embedded server."""
    if url := os.environ.get("TENURE_TEST_DATABASE_URL"):
        yield url
    else:
        with EmbeddedPostgres(HOME, durable=False) as server:
            yield server.url


@contextmanager
def fresh_database(server_url: str, template: str = "template0") -> Iterator[str]:
    """Create a database from a template, and drop it at the end."""
    name = f"tenure_test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE {template}")
        try:
            yield make_conninfo(server_url, dbname=name)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """An empty database for one test."""
    with fresh_database(server_url) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(server_url: str) -> Iterator[str]:
    """Name of a migrated database without connections."""
    with fresh_database(server_url) as url:
        runner.upgrade(url)
        yield str(conninfo_to_dict(url)["dbname"])


@pytest.fixture
def migrated_database_url(server_url: str, migrated_template: str) -> Iterator[str]:
    """A migrated database without rows for one test."""
    with fresh_database(server_url, migrated_template) as url:
        yield url


@pytest.fixture(scope="session")
def database_url(server_url: str, migrated_template: str) -> Iterator[str]:
    """The migrated database of this test process, with the owner's login."""
    with fresh_database(server_url, migrated_template) as url:
        yield url


@pytest.fixture(scope="session")
def machine_url(database_url: str) -> str:
    """The same database, with the table of an entity that is not part of core."""
    create_machines(database_url, machine_catalog())
    return database_url


@pytest.fixture(scope="session")
def settings(database_url: str) -> Settings:
    # Without background work: tests count the statements that requests send.
    return Settings(database_url=database_url, home=HOME, port=0, plugins_allow=(), worker=False)


@pytest.fixture(scope="session")
async def database(database_url: str, settings: Settings) -> AsyncIterator[Database]:
    async with Database(database_url, settings) as pool:
        yield pool


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return build_catalog()


@pytest.fixture
def actor(database_url: str) -> Actor:
    """An administrator of a new tenant."""
    return create_actor(database_url, Role.ADMIN)


@pytest.fixture
def other_actor(database_url: str) -> Actor:
    """An administrator of another new tenant."""
    return create_actor(database_url, Role.ADMIN)


@pytest.fixture
def new_actor(database_url: str) -> Callable[[], Actor]:
    """Creates administrators of new tenants, for tests with many examples."""
    return lambda: create_actor(database_url, Role.ADMIN)


@pytest.fixture
def reader(actor: Actor) -> Actor:
    """An actor with the role READER in the tenant of `actor`."""
    return Actor(actor.tenant_id, uuid.uuid4(), Role.READER, "test")
