"""Uninstalling a plugin exports its records to files and restores the schema of the core."""

from __future__ import annotations

import asyncio
import json
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from tests.support.background_plugins import wait_until
from tests.support.plugin_factory import plugin
from tests.support.plugin_files import write_plugin

from tenure_core.access.api_keys import create_key, ensure_tenant
from tenure_core.access.identity import Actor, Role
from tenure_core.errors import PluginError
from tenure_core.migrate import runner
from tenure_core.migrate.autogenerate import write_revision
from tenure_core.migrate.revision_sets import MigrationFailedError
from tenure_core.migrate.schema_dump import dump_schema
from tenure_core.migrate.uninstall import Target, uninstall
from tenure_core.plugins.administration.enablement import enable
from tenure_core.plugins.host import Host, load_host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings

BODY = '''
from tenure_core.plugins.registrations import RoleDefinition


class Order(Entity):
    """An order, whose name SQL has for itself."""

    metadata = METADATA
    account: Mapped[Account | None] = belongs_to(back="orders")
    number: Mapped[str] = column(max_length=20)


@hookimpl
def register_entities():
    return [Order]


@hookimpl
def register_activity_kinds():
    return ["ROADSIDE_HELP"]


@hookimpl
def register_roles():
    return [RoleDefinition(name="driver", doc="Who drives.", reads=(Order,))]
'''


@pytest.fixture(scope="module")
def revision(tmp_path_factory: pytest.TempPathFactory, server_url: str) -> Path:
    """The first revision of the plugin."""
    written = load_host(Settings(), [write_plugin(tmp_path_factory.mktemp("written"), BODY)])
    path = write_revision(server_url, written, "fleet")
    assert path
    return path


@pytest.fixture
def host(tmp_path: Path, revision: Path) -> Host:
    """A plugin with a table, an activity kind, a role, and its first revision."""
    loaded = load_host(Settings(), [write_plugin(tmp_path, BODY)])
    shutil.copytree(revision.parent, tmp_path / "fleet/migrations")
    return loaded


@pytest.fixture
def target(migrated_database_url: str) -> Target:
    """A migrated database without the plugin."""
    return Target(migrated_database_url, migrated_database_url, Settings(home=Path("nowhere")))


async def use(target: Target, host: Host, tenant: str) -> uuid.UUID:
    """Enable the plugin for a tenant and add a row to each of its tables; return the tenant."""
    tenant_id = ensure_tenant(target.url, tenant)
    create_key(target.url, tenant, "driver", "k", "test")
    actor = Actor(tenant_id, uuid.uuid4(), Role.ADMIN, "test")
    async with (
        Database(target.url, target.settings) as database,
        database.write_transaction(tenant_id, actor.audit_name, "test") as connection,
    ):
        await enable(connection, host, "fleet", tenant_id)
        await connection.execute("INSERT INTO account (tenant_id, name) VALUES (%s, 'Acme')", (tenant_id,))
        await connection.execute(
            'INSERT INTO "order" (tenant_id, number) VALUES (%s, %s)', (tenant_id, f"{tenant} 1")
        )
        await connection.execute(
            "INSERT INTO activity (tenant_id, kind, occurred_at) VALUES (%s, 'ROADSIDE_HELP', now())",
            (tenant_id,),
        )
        await connection.execute(
            """INSERT INTO external_ref (tenant_id, entity, system, external_id, record_id)
               VALUES (%s, 'Order', 'erp', '1', tenure_uuid7())""",
            (tenant_id,),
        )
    with psycopg.connect(target.url) as owner:
        owner.execute("SELECT tenure_create_change_listeners(ARRAY['fleet'])")
        owner.execute("SELECT tenure_defer_jobs(ARRAY['fleet'], ARRAY['wash'], ARRAY[now()])")
    return tenant_id


QUEUE = ("procrastinate.procrastinate_jobs", "procrastinate.procrastinate_events")
PLUGIN_TABLES = ("external_ref", "tenant_plugin", "change_listener", "plugin_job", *QUEUE)
"""The tables that contain no row of an uninstalled plugin."""


Rows = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture
def rows(target: Target) -> Rows:
    def read(query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(target.url) as owner:
            return owner.execute(query).fetchall()

    return read


async def test_a_plugin_is_removed_and_its_records_are_exported(
    target: Target, host: Host, tmp_path: Path, rows: Rows
) -> None:
    before = dump_schema(target.url)
    runner.upgrade(target.url, host)
    tenants = [await use(target, host, name) for name in ("east", "west")]
    assert all(rows(f"SELECT FROM {table}") for table in PLUGIN_TABLES)
    files = await asyncio.to_thread(uninstall, target, host, "fleet", tmp_path / "exports")
    assert {file.name for file in files} == {f"{tenant}.ndjson" for tenant in tenants}
    assert dump_schema(target.url) == before
    assert rows("SELECT DISTINCT entity FROM change ORDER BY 1") == [("Account",), ("Activity",)]
    assert [table for table in PLUGIN_TABLES if rows(f"SELECT FROM {table}")] == []
    assert rows("SELECT name FROM account") == [("Acme",), ("Acme",)]
    assert rows("SELECT DISTINCT kind FROM activity") == [("OTHER",)]
    assert rows("SELECT FROM api_key WHERE revoked_at IS NULL") == []


async def test_each_file_contains_the_records_of_one_tenant(
    target: Target, host: Host, tmp_path: Path
) -> None:
    runner.upgrade(target.url, host)
    for name in ("east", "west"):
        await use(target, host, name)
    files = await asyncio.to_thread(uninstall, target, host, "fleet", tmp_path / "exports")
    exports = [[json.loads(line) for line in file.read_text().splitlines()] for file in files]
    assert {lines[1]["data"]["number"] for lines in exports} == {"east 1", "west 1"}
    assert {lines[2]["data"]["kind"] for lines in exports} == {"ROADSIDE_HELP"}
    assert [lines[-1] for lines in exports] == [{"done": True, "counts": {"Order": 1, "Activity": 1}}] * 2


async def test_nothing_is_changed_if_a_revision_cannot_be_reverted(
    target: Target, host: Host, tmp_path: Path, rows: Rows
) -> None:
    runner.upgrade(target.url, host)
    await use(target, host, "east")
    [file] = (tmp_path / "fleet/migrations").glob("0001*.py")
    file.write_text(
        file.read_text().replace('"""Revert the revision."""', '"""Revert the revision."""\n    1 / 0')
    )
    before = dump_schema(target.url)
    with pytest.raises(MigrationFailedError, match="the plugin fleet failed: ZeroDivisionError"):
        await asyncio.to_thread(uninstall, target, host, "fleet", tmp_path / "exports")
    assert dump_schema(target.url) == before
    assert rows("SELECT DISTINCT kind FROM activity") == [("ROADSIDE_HELP",)]
    assert len(rows('SELECT FROM "order"')) == 1


async def test_jobs_that_are_queued_meanwhile_are_deleted(
    target: Target, host: Host, tmp_path: Path, rows: Rows
) -> None:
    runner.upgrade(target.url, host)
    await use(target, host, "east")
    waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(target.url) as scheduler:
        scheduler.execute("SET search_path = public, procrastinate")
        scheduler.execute("DELETE FROM procrastinate_jobs")
        scheduler.commit()
        scheduler.execute("SELECT tenure_defer_jobs(ARRAY['fleet'], ARRAY['wash'], ARRAY[now()])")
        uninstalling = asyncio.create_task(
            asyncio.to_thread(uninstall, target, host, "fleet", tmp_path / "exports")
        )
        await wait_until(lambda: bool(rows(waiting)))
    await uninstalling
    assert [table for table in QUEUE if rows(f"SELECT FROM {table}")] == []


async def test_a_plugin_that_is_installed_again_has_no_records(
    target: Target, host: Host, tmp_path: Path, rows: Rows
) -> None:
    runner.upgrade(target.url, host)
    await use(target, host, "east")
    await asyncio.to_thread(uninstall, target, host, "fleet", tmp_path / "exports")
    runner.upgrade(target.url, host)
    assert rows('SELECT FROM "order"') == []


async def test_a_plugin_without_tables_can_be_uninstalled(target: Target, host: Host, tmp_path: Path) -> None:
    before = dump_schema(target.url)
    assert await asyncio.to_thread(uninstall, target, host, "fleet", tmp_path / "exports") == []
    assert dump_schema(target.url) == before
    assert not (tmp_path / "exports").exists()


def test_a_required_plugin_cannot_be_uninstalled(target: Target, tmp_path: Path) -> None:
    host = load_host(Settings(), [plugin("fleet"), plugin("tolls", requires=("fleet",))])
    with pytest.raises(PluginError, match=r"tolls requires fleet.*Uninstall tolls first"):
        uninstall(target, host, "fleet", tmp_path)
