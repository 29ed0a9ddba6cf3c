"""Uninstalling: what a plugin held lies in files, and the core is as it was before the plugin came."""

from __future__ import annotations

import asyncio
import json
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from tests.support.background_plugins import until
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

    metadata = APART
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
    """A plugin with a table, a kind of activity and a role, and its first revision."""
    found = load_host(Settings(), [write_plugin(tmp_path, BODY)])
    shutil.copytree(revision.parent, tmp_path / "fleet/migrations")
    return found


@pytest.fixture
def place(migrated_database_url: str) -> Target:
    """A migrated database without the plugin."""
    return Target(migrated_database_url, migrated_database_url, Settings(home=Path("nowhere")))


async def use(place: Target, host: Host, tenant: str) -> uuid.UUID:
    """Have a tenant enable the plugin and fill all that it brings; return the tenant."""
    tenant_id = ensure_tenant(place.url, tenant)
    create_key(place.url, tenant, "driver", "k", "test")
    actor = Actor(tenant_id, uuid.uuid4(), Role.ADMIN, "test")
    async with (
        Database(place.url, place.settings) as database,
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
    with psycopg.connect(place.url) as owner:
        owner.execute("SELECT tenure_begin_deliveries(ARRAY['fleet'])")
        owner.execute("SELECT tenure_defer_jobs(ARRAY['fleet'], ARRAY['wash'], ARRAY[now()])")
    return tenant_id


QUEUE = ("procrastinate.procrastinate_jobs", "procrastinate.procrastinate_events")
OF_PLUGINS = ("external_ref", "tenant_plugin", "plugin_delivery", "plugin_job", *QUEUE)
"""The tables of which a plugin leaves nothing."""


Rows = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture
def rows(place: Target) -> Rows:
    def read(query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(place.url) as owner:
            return owner.execute(query).fetchall()

    return read


async def test_a_plugin_leaves_files_and_no_trace(
    place: Target, host: Host, tmp_path: Path, rows: Rows
) -> None:
    before = dump_schema(place.url)
    runner.upgrade(place.url, host)
    tenants = [await use(place, host, name) for name in ("east", "west")]
    assert all(rows(f"SELECT FROM {table}") for table in OF_PLUGINS)
    files = await asyncio.to_thread(uninstall, place, host, "fleet", tmp_path / "kept")
    assert {file.name for file in files} == {f"{tenant}.ndjson" for tenant in tenants}
    assert dump_schema(place.url) == before
    assert rows("SELECT DISTINCT entity FROM change ORDER BY 1") == [("Account",), ("Activity",)]
    assert [table for table in OF_PLUGINS if rows(f"SELECT FROM {table}")] == []
    assert rows("SELECT name FROM account") == [("Acme",), ("Acme",)]
    assert rows("SELECT DISTINCT kind FROM activity") == [("OTHER",)]
    assert rows("SELECT FROM api_key WHERE revoked_at IS NULL") == []


async def test_each_file_holds_the_records_of_one_tenant(place: Target, host: Host, tmp_path: Path) -> None:
    runner.upgrade(place.url, host)
    for name in ("east", "west"):
        await use(place, host, name)
    files = await asyncio.to_thread(uninstall, place, host, "fleet", tmp_path / "kept")
    kept = [[json.loads(line) for line in file.read_text().splitlines()] for file in files]
    assert {lines[1]["data"]["number"] for lines in kept} == {"east 1", "west 1"}
    assert {lines[2]["data"]["kind"] for lines in kept} == {"ROADSIDE_HELP"}
    assert [lines[-1] for lines in kept] == [{"done": True, "counts": {"Order": 1, "Activity": 1}}] * 2


async def test_nothing_is_changed_where_a_revision_can_not_be_undone(
    place: Target, host: Host, tmp_path: Path, rows: Rows
) -> None:
    runner.upgrade(place.url, host)
    await use(place, host, "east")
    [file] = (tmp_path / "fleet/migrations").glob("0001*.py")
    file.write_text(file.read_text().replace('"""Go back."""', '"""Go back."""\n    1 / 0'))
    before = dump_schema(place.url)
    with pytest.raises(MigrationFailedError, match="the plugin fleet is faulty: ZeroDivisionError"):
        await asyncio.to_thread(uninstall, place, host, "fleet", tmp_path / "kept")
    assert dump_schema(place.url) == before
    assert rows("SELECT DISTINCT kind FROM activity") == [("ROADSIDE_HELP",)]
    assert len(rows('SELECT FROM "order"')) == 1


async def test_jobs_that_are_put_into_the_queue_meanwhile_are_taken_out_too(
    place: Target, host: Host, tmp_path: Path, rows: Rows
) -> None:
    runner.upgrade(place.url, host)
    await use(place, host, "east")
    waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(place.url) as scheduler:
        scheduler.execute("SET search_path = public, procrastinate")
        scheduler.execute("DELETE FROM procrastinate_jobs")
        scheduler.commit()
        scheduler.execute("SELECT tenure_defer_jobs(ARRAY['fleet'], ARRAY['wash'], ARRAY[now()])")
        taking_out = asyncio.create_task(
            asyncio.to_thread(uninstall, place, host, "fleet", tmp_path / "kept")
        )
        await until(lambda: bool(rows(waiting)))
    await taking_out
    assert [table for table in QUEUE if rows(f"SELECT FROM {table}")] == []


async def test_it_comes_back_empty(place: Target, host: Host, tmp_path: Path, rows: Rows) -> None:
    runner.upgrade(place.url, host)
    await use(place, host, "east")
    await asyncio.to_thread(uninstall, place, host, "fleet", tmp_path / "kept")
    runner.upgrade(place.url, host)
    assert rows('SELECT FROM "order"') == []


async def test_a_plugin_that_was_never_migrated_here_can_be_taken_out(
    place: Target, host: Host, tmp_path: Path
) -> None:
    before = dump_schema(place.url)
    assert await asyncio.to_thread(uninstall, place, host, "fleet", tmp_path / "kept") == []
    assert dump_schema(place.url) == before
    assert not (tmp_path / "kept").exists()


def test_what_another_plugin_requires_stays(place: Target, tmp_path: Path) -> None:
    host = load_host(Settings(), [plugin("fleet"), plugin("tolls", requires=("fleet",))])
    with pytest.raises(PluginError, match=r"tolls requires fleet.*Uninstall tolls first"):
        uninstall(place, host, "fleet", tmp_path)
