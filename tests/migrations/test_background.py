"""What the migration of the background promises: a queue in a schema of its own, and nothing left of it."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import psycopg

from tenure_core.access.identity import Actor
from tenure_core.migrate import runner

KNOWN_SCHEMA = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"
"""The hash of procrastinate's script when 0005 was written."""

EVERYTHING = """
    SELECT 'schema', nspname::text FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT 'relation', oid::regclass::text FROM pg_class WHERE oid > 16383
    UNION ALL SELECT 'function', oid::regprocedure::text FROM pg_proc WHERE oid > 16383
    UNION ALL SELECT 'type', oid::regtype::text FROM pg_type WHERE oid > 16383
    UNION ALL SELECT 'trigger', tgname::text FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'grant', defaclacl::text FROM pg_default_acl
    ORDER BY 1, 2
"""


def test_it_goes_up_and_down_and_leaves_nothing(empty_database_url: str) -> None:
    runner.upgrade(empty_database_url)
    runner.downgrade(empty_database_url, "0004")
    with psycopg.connect(empty_database_url) as owner:
        before = owner.execute(EVERYTHING).fetchall()
    runner.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as owner:
        assert owner.execute(EVERYTHING).fetchall() != before
    runner.downgrade(empty_database_url, "0004")
    with psycopg.connect(empty_database_url) as owner:
        assert owner.execute(EVERYTHING).fetchall() == before


def test_procrastinates_tables_are_those_that_were_migrated() -> None:
    """A version with others needs a migration of ours first, which brings existing databases there."""
    script = (files("procrastinate.sql") / "schema.sql").read_bytes()
    assert hashlib.sha256(script).hexdigest() == KNOWN_SCHEMA


def test_the_queue_lies_apart_and_the_service_owns_none_of_it(database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        found = owner.execute(
            """SELECT DISTINCT nspname, relowner = 'tenure_app'::regrole
               FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
               WHERE relname LIKE 'procrastinate%'"""
        ).fetchall()
    assert found == [("procrastinate", False)]


def test_where_plugins_stand_goes_with_their_enablement(database_url: str, actor: Actor) -> None:
    with psycopg.connect(database_url) as owner:
        tenant = {"tenant": actor.tenant_id}
        owner.execute("INSERT INTO tenant_plugin VALUES (%(tenant)s, 'fleet', true)", tenant)
        owner.execute("INSERT INTO plugin_job VALUES (%(tenant)s, 'fleet', 'tidy')", tenant)
        owner.execute(
            "INSERT INTO plugin_delivery VALUES (%(tenant)s, 'fleet', tenure_feed_position(%(tenant)s))",
            tenant,
        )
        owner.execute("DELETE FROM tenant_plugin WHERE tenant_id = %(tenant)s", tenant)
        left = "SELECT FROM {} WHERE tenant_id = %(tenant)s"
        for table in ("plugin_job", "plugin_delivery"):
            assert owner.execute(left.format(table), tenant).fetchall() == []
