"""Revision 0004: enablement of plugins, and roles of plugins."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tenure_core.access.api_keys import create_key, ensure_tenant
from tenure_core.migrate import runner

TEMPLATE = '{"name": "name"}'


def test_the_downgrade_deletes_keys_with_roles_of_plugins(migrated_database_url: str) -> None:
    for role in ("admin", "driver"):
        create_key(migrated_database_url, "t", role, role, "test")
    runner.downgrade(migrated_database_url, "0003")
    with psycopg.connect(migrated_database_url, autocommit=True) as owner:
        assert owner.execute("SELECT role FROM api_key").fetchall() == [("admin",)]
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute("UPDATE api_key SET role = 'driver'")
        owner.execute(f"CALL tenure_capture('account', 'Account', '{TEMPLATE}')")
    runner.upgrade(migrated_database_url)
    create_key(migrated_database_url, "t", "driver", "again", "test")


def test_the_template_is_the_comment_of_a_trigger(migrated_database_url: str) -> None:
    with psycopg.connect(migrated_database_url) as owner:
        owner.execute(f"CALL tenure_capture('account', 'Customer', '{TEMPLATE}')")
        [(comment,)] = owner.execute(
            """SELECT obj_description(oid, 'pg_trigger')::jsonb FROM pg_trigger
               WHERE tgrelid = 'account'::regclass AND tgname = 'tenure_3_capture_insert'"""
        )
    assert comment == {"entity": "Customer", "template": {"name": "name"}}


def test_the_service_sees_only_the_plugins_of_its_tenant(migrated_database_url: str) -> None:
    own, other = (ensure_tenant(migrated_database_url, name) for name in ("own", "other"))
    with psycopg.connect(migrated_database_url) as owner:
        for tenant in (own, other):
            owner.execute("INSERT INTO tenant_plugin (tenant_id, plugin) VALUES (%s, 'fleet')", (tenant,))
    options = f"-c role=tenure_app -c tenure.tenant_id={own}"
    with psycopg.connect(make_conninfo(migrated_database_url, options=options)) as service:
        assert service.execute("SELECT tenant_id FROM tenant_plugin").fetchall() == [(own,)]
        assert (
            service.execute("SELECT * FROM tenure_authenticate(%s)", (uuid.uuid4().bytes,)).fetchall() == []
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(f"CALL tenure_capture('account', 'Account', '{TEMPLATE}')")
