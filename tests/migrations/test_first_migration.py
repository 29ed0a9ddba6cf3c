"""Row-level security, privileges and change capture in SQL, and the upgrade and downgrade as a whole."""

from __future__ import annotations

import concurrent.futures
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tenure_core.access.identity import Actor
from tenure_core.catalog.builder import build_catalog
from tenure_core.migrate import runner
from tenure_core.plugins.loading.name_conflicts import PLATFORM_TABLES

Connection = psycopg.Connection[Any]

TABLES = ("account", "contact", "activity", "external_ref", "change")


@pytest.fixture
def owner(database_url: str) -> Iterator[Connection]:
    """A connection as the owner, without actor and origin, as psql has it."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def service(database_url: str) -> Iterator[Connection]:
    """A connection with the role of the service, not bound to a tenant."""
    with psycopg.connect(database_url, autocommit=True, options="-c role=tenure_app") as connection:
        yield connection


def bind(connection: Connection, actor: Actor) -> None:
    connection.execute("SELECT set_config('tenure.tenant_id', %s, false)", (str(actor.tenant_id),))


def create_account(connection: Connection, actor: Actor, name: str = "Acme") -> uuid.UUID:
    insert = "INSERT INTO account (tenant_id, name) VALUES (%s, %s) RETURNING id"
    [(account_id,)] = connection.execute(insert, (actor.tenant_id, name))
    return account_id


def changes(connection: Connection, record_id: uuid.UUID) -> list[Any]:
    with connection.cursor(row_factory=psycopg.rows.namedtuple_row) as cursor:
        return cursor.execute(
            "SELECT * FROM change WHERE record_id = %s ORDER BY seq", (record_id,)
        ).fetchall()


class TestTenants:
    @pytest.mark.parametrize("table", TABLES)
    def test_without_a_tenant_the_service_sees_no_rows(
        self, owner: Connection, service: Connection, actor: Actor, table: str
    ) -> None:
        record = create_account(owner, actor)
        fill_tables(owner, actor, record)
        assert owner.execute(f"SELECT FROM {table} WHERE tenant_id = %s", (actor.tenant_id,)).fetchall()
        assert service.execute(f"SELECT FROM {table}").fetchall() == []

    @pytest.mark.parametrize("table", TABLES)
    def test_the_service_sees_only_rows_of_its_tenant(
        self, owner: Connection, service: Connection, actor: Actor, other_actor: Actor, table: str
    ) -> None:
        for tenant in (actor, other_actor):
            fill_tables(owner, tenant, create_account(owner, tenant))
        bind(service, actor)
        seen = {row[0] for row in service.execute(f"SELECT tenant_id FROM {table}")}
        assert seen == {actor.tenant_id}

    def test_without_a_tenant_the_service_cannot_write(self, service: Connection, actor: Actor) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            service.execute("INSERT INTO account (tenant_id, name) VALUES (%s, 'A')", (actor.tenant_id,))

    def test_the_service_cannot_insert_into_another_tenant(
        self, service: Connection, actor: Actor, other_actor: Actor
    ) -> None:
        bind(service, actor)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            service.execute(
                "INSERT INTO account (tenant_id, name) VALUES (%s, 'A')", (other_actor.tenant_id,)
            )

    def test_the_service_cannot_update_or_delete_in_another_tenant(
        self, owner: Connection, service: Connection, actor: Actor, other_actor: Actor
    ) -> None:
        other_account = create_account(owner, other_actor)
        bind(service, actor)
        assert (
            service.execute("UPDATE account SET name = 'mine' WHERE id = %s", (other_account,)).rowcount == 0
        )
        assert service.execute("DELETE FROM account WHERE id = %s", (other_account,)).rowcount == 0

    def test_the_tenant_of_a_record_is_immutable(
        self, owner: Connection, actor: Actor, other_actor: Actor
    ) -> None:
        record = create_account(owner, actor)
        owner.execute(
            "UPDATE account SET tenant_id = %s, name = 'B' WHERE id = %s", (other_actor.tenant_id, record)
        )
        [(tenant_id, name)] = owner.execute("SELECT tenant_id, name FROM account WHERE id = %s", (record,))
        assert (tenant_id, name) == (actor.tenant_id, "B")

    def test_a_reference_to_another_tenant_is_rejected(
        self, owner: Connection, actor: Actor, other_actor: Actor
    ) -> None:
        other_account = create_account(owner, other_actor)
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            owner.execute(
                "INSERT INTO contact (tenant_id, last_name, account_id) VALUES (%s, 'Lee', %s)",
                (actor.tenant_id, other_account),
            )

    def test_every_table_except_the_version_table_has_row_level_security(self, owner: Connection) -> None:
        unprotected = owner.execute(
            """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
               AND relkind IN ('r', 'p') AND NOT relispartition AND NOT relrowsecurity"""
        ).fetchall()
        assert unprotected == [("alembic_version",)]

    def test_the_service_owns_no_relations(self, owner: Connection) -> None:
        owned = owner.execute("SELECT FROM pg_class WHERE relowner = 'tenure_app'::regrole").fetchall()
        assert owned == []


def fill_tables(owner: Connection, actor: Actor, account_id: uuid.UUID) -> None:
    tenant = actor.tenant_id
    owner.execute("INSERT INTO contact (tenant_id, last_name) VALUES (%s, 'Lee')", (tenant,))
    owner.execute("INSERT INTO activity (tenant_id, kind, occurred_at) VALUES (%s, 'CALL', now())", (tenant,))
    owner.execute(
        """INSERT INTO external_ref (tenant_id, entity, system, external_id, record_id)
           VALUES (%s, 'Account', 'erp', %s, %s)""",
        (tenant, str(account_id), account_id),
    )


class TestSecrets:
    @pytest.mark.parametrize("table", ["api_key", "tenant"])
    def test_the_service_cannot_read_api_keys_and_tenants(self, service: Connection, table: str) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(f"SELECT FROM {table}")

    def test_an_accidental_grant_exposes_no_rows(self, owner: Connection, actor: Actor) -> None:
        owner.execute(
            "INSERT INTO api_key (tenant_id, name, role, origin, hash) VALUES (%s, 'k', 'admin', 'x', %s)",
            (actor.tenant_id, uuid.uuid4().bytes),
        )
        with owner.transaction(force_rollback=True):
            owner.execute("GRANT SELECT ON api_key, tenant TO tenure_app")
            owner.execute("SET LOCAL ROLE tenure_app")
            assert owner.execute("SELECT FROM api_key").fetchall() == []
            assert owner.execute("SELECT FROM tenant").fetchall() == []

    @pytest.mark.parametrize("statement", ["DELETE FROM change", "UPDATE change SET actor = 'nobody'"])
    def test_the_service_cannot_modify_changes(
        self, service: Connection, actor: Actor, statement: str
    ) -> None:
        bind(service, actor)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(statement)

    def test_the_service_cannot_insert_changes(self, service: Connection, actor: Actor) -> None:
        bind(service, actor)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(
                """INSERT INTO change (tenant_id, entity, record_id, operation, version, actor, origin)
                   VALUES (%s, 'Account', %s, 'CREATE', 1, 'nobody', 'x')""",
                (actor.tenant_id, uuid.uuid4()),
            )

    def test_a_temporary_table_does_not_receive_the_changes(self, service: Connection, actor: Actor) -> None:
        bind(service, actor)
        service.execute("CREATE TEMP TABLE change (LIKE public.change)")
        record = create_account(service, actor)
        assert service.execute("SELECT FROM public.change WHERE record_id = %s", (record,)).fetchall() == [()]


class TestCapture:
    def test_an_update_contains_the_changed_fields(self, owner: Connection, actor: Actor) -> None:
        record = create_account(owner, actor, "Acme")
        owner.execute(
            "UPDATE account SET name = 'Acme GmbH', tier = 'gold', kind = 'ORGANIZATION' WHERE id = %s",
            (record,),
        )
        [_, change] = changes(owner, record)
        assert (change.operation, change.version) == ("UPDATE", 2)
        assert change.before == {"name": "Acme", "tier": None}
        assert change.after == {"name": "Acme GmbH", "tier": "gold"}

    def test_clearing_a_field_is_captured(self, owner: Connection, actor: Actor) -> None:
        record = create_account(owner, actor)
        owner.execute("UPDATE account SET tier = 'gold' WHERE id = %s", (record,))
        owner.execute("UPDATE account SET tier = NULL WHERE id = %s", (record,))
        change = changes(owner, record)[-1]
        assert (change.before, change.after) == ({"tier": "gold"}, {"tier": None})

    def test_an_update_without_an_effect_is_suppressed(self, owner: Connection, actor: Actor) -> None:
        record = create_account(owner, actor, "Acme")
        assert owner.execute("UPDATE account SET name = 'Acme' WHERE id = %s", (record,)).rowcount == 0
        assert owner.execute("SELECT version FROM account WHERE id = %s", (record,)).fetchone() == (1,)
        assert len(changes(owner, record)) == 1

    def test_version_and_times_are_set_for_every_writer(self, owner: Connection, actor: Actor) -> None:
        record = create_account(owner, actor)
        times = "SELECT version, created_at, updated_at FROM account WHERE id = %s"
        [(_, created, _)] = owner.execute(times, (record,))
        forged = "version = 99, created_at = 'epoch', updated_at = 'epoch'"
        owner.execute(f"UPDATE account SET tier = 'gold', {forged} WHERE id = %s", (record,))
        [(version, created_at, updated_at)] = owner.execute(times, (record,))
        assert (version, created_at) == (2, created)
        assert updated_at > created

    def test_a_change_has_the_version_of_the_record(self, owner: Connection, actor: Actor) -> None:
        record = create_account(owner, actor)
        for tier in "abc":
            owner.execute("UPDATE account SET tier = %s WHERE id = %s", (tier, record))
        assert [c.version for c in changes(owner, record)] == [1, 2, 3, 4]

    def test_changes_contain_actor_and_origin_of_the_transaction(
        self, owner: Connection, actor: Actor
    ) -> None:
        with owner.transaction():
            owner.execute(
                "SELECT set_config('tenure.actor', 'key 7', true), set_config('tenure.origin', 'erp', true)"
            )
            record = create_account(owner, actor)
        [change] = changes(owner, record)
        assert (change.actor, change.origin) == ("key 7", "erp")

    def test_the_default_actor_is_the_login(self, owner: Connection, actor: Actor) -> None:
        with owner.transaction():
            owner.execute(
                "SELECT set_config('tenure.actor', 'key 7', true), set_config('tenure.origin', 'erp', true)"
            )
        record = create_account(owner, actor)
        [(login,)] = owner.execute("SELECT session_user")
        [change] = changes(owner, record)
        assert (change.actor, change.origin) == (login, "sql")

    def test_changes_contain_the_transaction_id_in_order(self, owner: Connection, actor: Actor) -> None:
        with owner.transaction():
            first, second = create_account(owner, actor, "A"), create_account(owner, actor, "B")
        third = create_account(owner, actor, "C")
        captured = [changes(owner, record)[0] for record in (first, second, third)]
        assert captured[0].transaction_id == captured[1].transaction_id != captured[2].transaction_id
        assert captured[0].seq < captured[1].seq < captured[2].seq

    def test_a_statement_has_one_change_per_row(self, owner: Connection, actor: Actor) -> None:
        tenant = actor.tenant_id
        owner.execute(
            "INSERT INTO account (tenant_id, name) SELECT %s, n::text FROM generate_series(1, 50) n",
            (tenant,),
        )
        owner.execute("UPDATE account SET tier = 'gold' WHERE tenant_id = %s AND name <= '3'", (tenant,))
        owner.execute("DELETE FROM account WHERE tenant_id = %s", (tenant,))
        counts = owner.execute(
            "SELECT operation, count(*) FROM change WHERE tenant_id = %s GROUP BY 1 ORDER BY 1", (tenant,)
        ).fetchall()
        assert counts == [("CREATE", 50), ("PURGE", 50), ("UPDATE", 23)]

    def test_a_rollback_leaves_no_change(self, owner: Connection, actor: Actor) -> None:
        with owner.transaction(force_rollback=True):
            record = create_account(owner, actor)
        assert changes(owner, record) == []


def test_ids_are_uuidv7(owner: Connection) -> None:
    [(new_id, milliseconds)] = owner.execute(
        "SELECT tenure_uuid7(), floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    )
    assert (new_id.version, new_id.variant) == (7, uuid.RFC_4122)
    assert abs((new_id.int >> 80) - milliseconds) < 1000


def test_the_tables_match_the_declarations(database_url: str) -> None:
    assert runner.differences(database_url, build_catalog()) == []


def test_no_plugin_may_use_the_name_of_a_table_of_core(migrated_database_url: str) -> None:
    with psycopg.connect(migrated_database_url) as owner:
        tables = owner.execute(
            """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
               AND relkind IN ('r', 'p') AND relname !~ '^change_[0-9]'"""
        ).fetchall()
    entities = [entity.table.name for entity in build_catalog().entities.values()]
    assert sorted(name for (name,) in tables) == sorted([*PLATFORM_TABLES, *entities])


def test_differences_from_the_declarations_are_found(empty_database_url: str) -> None:
    runner.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as owner:
        owner.execute("ALTER TABLE account DROP COLUMN tier, ALTER COLUMN version SET DEFAULT 2")
        owner.execute("DROP INDEX ix_contact_account_id")
    differences = str(runner.differences(empty_database_url, build_catalog()))
    assert "'tier'" in differences
    assert "ix_contact_account_id" in differences
    assert "'version'" in differences


def test_concurrent_migrations_succeed(empty_database_url: str) -> None:
    program = f"from tenure_core.migrate import runner; runner.upgrade({empty_database_url!r})"
    with concurrent.futures.ThreadPoolExecutor() as threads:
        runs = [
            threads.submit(subprocess.run, [sys.executable, "-c", program], capture_output=True) for _ in "ab"
        ]
        results = [run.result() for run in runs]
    assert [(process.returncode, process.stderr) for process in results] == [(0, b""), (0, b"")]
    assert runner.pending(empty_database_url) == []


def test_the_downgrade_drops_everything_except_the_role(empty_database_url: str) -> None:
    runner.upgrade(empty_database_url)
    runner.downgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as owner:
        left = owner.execute(
            """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'
               UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
               UNION ALL SELECT collname FROM pg_collation WHERE collnamespace = 'public'::regnamespace
               UNION ALL SELECT 'leakproof' FROM pg_proc WHERE proname = 'ts_match_vq' AND proleakproof"""
        ).fetchall()
        role = owner.execute(
            "SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = 'tenure_app'"
        ).fetchall()
    assert left == [("alembic_version",)]
    assert role == [(False, False)]
    runner.upgrade(empty_database_url)
