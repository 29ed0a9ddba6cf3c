"""What every test stands on: a real PostgreSQL with a database of its own, and actors in fresh tenants."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.support.actors import actor_in_fresh_tenant
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

# Tenure is held to its word whatever plugins are installed beside it; so are the commands that tests run.
os.environ["TENURE_PLUGINS_ALLOW"] = ""

HOME = Path(__file__).parent.parent / ".tenure" / "test"

# The programs that tests start do so twice as fast from the compiled files that they then may keep.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A server in which databases may be made: the given one, or an embedded one that all test runs share."""
    if given := os.environ.get("TENURE_TEST_DATABASE_URL"):
        yield given
    else:
        with EmbeddedPostgres(HOME) as server:
            yield server.url


@contextmanager
def fresh_database(server_url: str, template: str = "template0") -> Iterator[str]:
    """Make a database, empty or like another one, and drop it at the end."""
    name = f"tenure_test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE {template}")
        try:
            yield make_conninfo(server_url, dbname=name)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """A database of this test alone, without any table."""
    with fresh_database(server_url) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(server_url: str) -> Iterator[str]:
    """The name of a migrated database that nobody connects to."""
    with fresh_database(server_url) as url:
        runner.upgrade(url)
        yield str(conninfo_to_dict(url)["dbname"])


@pytest.fixture
def migrated_database_url(server_url: str, migrated_template: str) -> Iterator[str]:
    """A migrated database of this test alone, without any row."""
    with fresh_database(server_url, migrated_template) as url:
        yield url


@pytest.fixture(scope="session")
def database_url(server_url: str) -> Iterator[str]:
    """The migrated database of this test process, as its owner."""
    with fresh_database(server_url) as url:
        runner.upgrade(url)
        yield url


@pytest.fixture(scope="session")
def machine_url(database_url: str) -> str:
    """The same database, with the table of an entity that no migration of the core knows."""
    create_machines(database_url, machine_catalog())
    return database_url


@pytest.fixture(scope="session")
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, home=HOME, port=0, plugins_allow=())


@pytest.fixture(scope="session")
async def database(database_url: str, settings: Settings) -> AsyncIterator[Database]:
    async with Database(database_url, settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return build_catalog()


@pytest.fixture
def actor(database_url: str) -> Actor:
    """An administrator in a tenant that nobody else uses."""
    return actor_in_fresh_tenant(database_url, Role.ADMIN)


@pytest.fixture
def other_actor(database_url: str) -> Actor:
    """An administrator in another tenant."""
    return actor_in_fresh_tenant(database_url, Role.ADMIN)


@pytest.fixture
def new_actor(database_url: str) -> Callable[[], Actor]:
    """Makes administrators, each in a tenant that nobody else uses: for tests that run many examples."""
    return lambda: actor_in_fresh_tenant(database_url, Role.ADMIN)


@pytest.fixture
def reader(actor: Actor) -> Actor:
    """One who may only read, in the tenant of `actor`."""
    return Actor(actor.tenant_id, uuid.uuid4(), Role.READER, "test")
