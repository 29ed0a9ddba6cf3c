"""Revision 0005: the tables of the background work, and the queue in its own schema."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import psycopg

from tenure_core.access.identity import Actor
from tenure_core.migrate import runner

SCRIPT_HASH = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"
"""SHA-256 of procrastinate's script for which 0005 was written."""

OBJECTS = """
    SELECT 'schema', nspname::text FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT 'relation', oid::regclass::text FROM pg_class WHERE oid > 16383
    UNION ALL SELECT 'function', oid::regprocedure::text FROM pg_proc WHERE oid > 16383
    UNION ALL SELECT 'type', oid::regtype::text FROM pg_type WHERE oid > 16383
    UNION ALL SELECT 'trigger', tgname::text FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'grant', defaclacl::text FROM pg_default_acl
    ORDER BY 1, 2
"""


def test_the_downgrade_drops_everything(empty_database_url: str) -> None:
    runner.upgrade(empty_database_url)
    runner.downgrade(empty_database_url, "0004")
    with psycopg.connect(empty_database_url) as owner:
        before = owner.execute(OBJECTS).fetchall()
    runner.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as owner:
        assert owner.execute(OBJECTS).fetchall() != before
    runner.downgrade(empty_database_url, "0004")
    with psycopg.connect(empty_database_url) as owner:
        assert owner.execute(OBJECTS).fetchall() == before


def test_the_tables_of_procrastinate_are_unchanged() -> None:
    """A version of procrastinate with other tables needs a new revision for existing databases."""
    script = (files("procrastinate.sql") / "schema.sql").read_bytes()
    assert hashlib.sha256(script).hexdigest() == SCRIPT_HASH


def test_the_queue_has_its_own_schema_and_another_owner_than_the_service(database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        schemas = owner.execute(
            """SELECT DISTINCT nspname, relowner = 'tenure_app'::regrole
               FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
               WHERE relname LIKE 'procrastinate%'"""
        ).fetchall()
    assert schemas == [("procrastinate", False)]


def test_listeners_and_jobs_are_deleted_with_the_enablement(database_url: str, actor: Actor) -> None:
    with psycopg.connect(database_url) as owner:
        tenant = {"tenant": actor.tenant_id}
        owner.execute("INSERT INTO tenant_plugin VALUES (%(tenant)s, 'fleet', true)", tenant)
        owner.execute("INSERT INTO plugin_job VALUES (%(tenant)s, 'fleet', 'tidy')", tenant)
        owner.execute(
            "INSERT INTO change_listener VALUES (%(tenant)s, 'fleet', tenure_current_cursor(%(tenant)s))",
            tenant,
        )
        owner.execute("DELETE FROM tenant_plugin WHERE tenant_id = %(tenant)s", tenant)
        select = "SELECT FROM {} WHERE tenant_id = %(tenant)s"
        for table in ("plugin_job", "change_listener"):
            assert owner.execute(select.format(table), tenant).fetchall() == []
