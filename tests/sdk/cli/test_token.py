"""`tenure token create`."""

from __future__ import annotations

import uuid
from functools import partial
from pathlib import Path

from tests.support.command_line import PluginShell, Tenure, assert_one_line_error, run_process

from tenure_core.access.identity import KeyCache, Role
from tenure_core.postgres.database import Database


async def test_the_key_has_the_tenant_role_and_origin(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    tenant = f"cli {uuid.uuid4()}"
    create = partial(
        run_process, "token", "create", "--tenant", tenant, folder=tmp_path, DATABASE_URL=database_url
    )
    reader_key = create("--role", "reader", "--origin", "erp")
    admin_key = create("--role", "admin")
    assert "new tenant" in reader_key.stderr
    assert "new tenant" not in admin_key.stderr
    keys = KeyCache(database, seconds=0)
    reader = await keys.authenticate(f"Bearer {reader_key.stdout.strip()}")
    admin = await keys.authenticate(f"Bearer {admin_key.stdout.strip()}")
    assert (reader.role, reader.origin, admin.role) == (Role.READER, "erp", Role.ADMIN)
    assert reader.tenant_id == admin.tenant_id


def test_a_blank_tenant_name_is_rejected(tenure: Tenure) -> None:
    done = tenure("token", "create", "--tenant", "", "--role", "admin")
    assert_one_line_error(done, "The tenant's name is blank")


def test_an_unknown_role_is_rejected_with_the_known_roles(tenure: Tenure) -> None:
    done = tenure("token", "create", "--tenant", "t", "--role", "owner")
    assert done.returncode == 2
    assert "unknown role owner; the roles are: admin, reader" in done.stderr


def test_a_key_may_have_the_role_of_a_plugin(migrated_plugin: PluginShell) -> None:
    done = migrated_plugin.run("token", "create", "--tenant", "acme", "--role", "driver")
    assert done.returncode == 0, done.stderr
    rejected = migrated_plugin.run("token", "create", "--tenant", "acme", "--role", "pilot")
    assert rejected.returncode == 2
    assert "unknown role pilot; the roles are: admin, reader, driver" in rejected.stderr
