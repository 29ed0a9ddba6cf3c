"""Revision 0007 renames tables, columns and functions, and keeps every row and every privilege."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tenure_core.access.api_keys import create_key, ensure_tenant
from tenure_core.migrate import runner
from tenure_core.migrate.schema_dump import dump_schema

Contents = dict[str, list[dict[str, Any]]]

RENAMED_TABLES = {"receipt": "idempotency_record", "plugin_delivery": "change_listener"}
RENAMED_COLUMNS = {
    "change_listener": {"moved_at": "advanced_at", "parked_at": "paused_at", "problem": "last_error"},
    "plugin_job": {"done_at": "completed_at", "problem": "last_error"},
}

TABLES = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relnamespace IN ('public'::regnamespace, 'procrastinate'::regnamespace)
        AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version'
    ORDER BY 1
"""

QUEUE = ("procrastinate.procrastinate_jobs", "procrastinate.procrastinate_events")

FILL = """
    INSERT INTO contact (tenant_id, last_name) VALUES (%(tenant)s, 'Lee');
    INSERT INTO account (tenant_id, name) VALUES (%(tenant)s, 'Acme');
    INSERT INTO activity (tenant_id, kind, occurred_at) VALUES (%(tenant)s, 'CALL', now());
    INSERT INTO external_ref (tenant_id, entity, system, external_id, record_id)
        SELECT tenant_id, 'Account', 'erp', '1', id FROM account;
    INSERT INTO field_owner VALUES (%(tenant)s, 'Account', 'tier', 'erp', 'REJECT');
    INSERT INTO receipt (tenant_id, key, request_hash, payload, created_at) VALUES
        (%(tenant)s, 'old', '\\x01', '{"id": 1}', now() - interval '9 days'),
        (%(tenant)s, 'new', '\\x02', NULL, now());
    INSERT INTO change_horizon VALUES (%(tenant)s, 1, '1');
    INSERT INTO tenant_plugin (tenant_id, plugin, enabled, settings) VALUES
        (%(tenant)s, 'fleet', true, '{"days": 3}'), (%(tenant)s, 'tolls', true, '{}'),
        (%(tenant)s, 'parking', true, '{}');
    INSERT INTO plugin_delivery (tenant_id, plugin, cursor, attempts, parked_at, problem) VALUES
        (%(tenant)s, 'fleet', NULL, 0, now(), 'The cursor expired.'),
        (%(tenant)s, 'tolls', '0.1:1:.1', 2, NULL, 'ValueError: no');
    INSERT INTO plugin_job (tenant_id, plugin, job, done_at, attempts, problem) VALUES
        (%(tenant)s, 'fleet', 'wash', 'epoch', 3, 'ValueError: no'),
        (%(tenant)s, 'tolls', 'bill', now(), 0, NULL);
    SELECT tenure_defer_jobs(ARRAY['fleet'], ARRAY['wash'], ARRAY[now()]);
"""


@pytest.fixture
def old_database(migrated_database_url: str) -> str:
    """A database at revision 0006 with rows in every table."""
    runner.downgrade(migrated_database_url, "0006")
    create_key(migrated_database_url, "acme", "admin", "key", "test")
    tenant = ensure_tenant(migrated_database_url, "acme")
    with psycopg.connect(migrated_database_url, cursor_factory=psycopg.ClientCursor) as owner:
        owner.execute(FILL, {"tenant": tenant})
    return migrated_database_url


@pytest.fixture
def service(old_database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the service's role, bound to the tenant, to the database at the newest revision."""
    runner.upgrade(old_database)
    tenant = ensure_tenant(old_database, "acme")
    options = f"-c role=tenure_app -c tenure.tenant_id={tenant}"
    with psycopg.connect(make_conninfo(old_database, options=options), autocommit=True) as connection:
        yield connection


def read_contents(url: str) -> Contents:
    with psycopg.connect(url) as owner:
        tables = [table for (table,) in owner.execute(TABLES).fetchall()]
        rows = {table: owner.execute(f"SELECT to_jsonb(t) FROM {table} AS t").fetchall() for table in tables}
    return {
        table: sorted((row for (row,) in values), key=lambda row: json.dumps(row, sort_keys=True))
        for table, values in rows.items()
    }


def rename(contents: Contents) -> Contents:
    """Return the contents under the names of 0007."""
    tables = {RENAMED_TABLES.get(table, table): rows for table, rows in contents.items()}
    return {
        table: [{RENAMED_COLUMNS.get(table, {}).get(key, key): row[key] for key in row} for row in rows]
        for table, rows in tables.items()
    }


def test_every_row_survives_the_upgrade_and_the_downgrade(old_database: str) -> None:
    before = read_contents(old_database)
    assert [table for table, rows in before.items() if not rows and "procrastinate" not in table] == []
    assert all(before[table] for table in QUEUE)
    runner.upgrade(old_database)
    assert read_contents(old_database) == rename(before)
    runner.downgrade(old_database, "0006")
    assert read_contents(old_database) == before


def test_the_downgrade_restores_every_function_constraint_and_privilege(old_database: str) -> None:
    before = dump_schema(old_database)
    runner.upgrade(old_database)
    assert dump_schema(old_database) != before
    runner.downgrade(old_database, "0006")
    assert dump_schema(old_database) == before


def test_no_old_name_remains(old_database: str) -> None:
    runner.upgrade(old_database)
    names = str([dump_schema(old_database), *read_contents(old_database)])
    old = ("receipt", "deliver", "forget", "refuse", "parked_at", "moved_at", "done_at", "tenure_protect")
    assert [name for name in old if name in names] == []


def test_the_upgrade_is_not_destructive(old_database: str) -> None:
    runner.upgrade(old_database, allow_destructive=False)
    assert runner.pending(old_database) == []


def test_the_service_calls_the_new_functions_over_old_rows(service: psycopg.Connection[Any]) -> None:
    [(tenant,)] = service.execute("SELECT tenant_id FROM account").fetchall()
    due = "SELECT tenant_id, plugin FROM tenure_due_change_listeners(%s, NULL)"
    assert service.execute(due, (["fleet", "tolls", "parking"],)).fetchall() == [(tenant, "tolls")]
    assert service.execute("SELECT tenure_cursor_lag(%s, '0.1:1:.1', 2)", (tenant,)).fetchone() == (2,)
    service.execute("SELECT tenure_create_change_listeners(%s)", (["parking"],))
    [(cursor,)] = service.execute("SELECT cursor FROM change_listener WHERE plugin = 'parking'").fetchall()
    assert service.execute("SELECT tenure_cursor_lag(%s, %s, 2)", (tenant, cursor)).fetchone() == (0,)
    deferred = "SELECT tenure_defer_jobs(ARRAY['fleet', 'tolls'], ARRAY['wash', 'bill'], %s)"
    assert service.execute(deferred, (["2100-01-01", "2100-01-01"],)).fetchone() == (1,)
    assert service.execute("SELECT tenure_delete_idempotency_records('8 days')").fetchone() == (1,)
    assert service.execute("SELECT key FROM idempotency_record").fetchall() == [("new",)]
    with pytest.raises(psycopg.Error, match="have been deleted") as raised:
        service.execute("SELECT tenure_raise_cursor_expired()")
    assert raised.value.sqlstate == "TN001"


@pytest.mark.parametrize(
    "call",
    [
        "SELECT tenure_change_partition_days()",
        "SELECT tenure_create_change_partition(current_date)",
        "CALL tenure_enable_row_security('account')",
    ],
)
def test_the_service_may_not_call_the_owners_functions(service: psycopg.Connection[Any], call: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        service.execute(call)
