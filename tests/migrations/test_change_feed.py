"""Change capture and partitions in SQL: the format of changes, their operations and their retention."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tenure_core.access.identity import Actor
from tenure_core.migrate import runner

Connection = psycopg.Connection[Any]

ACCOUNT_FIELDS = {
    "name", "kind", "lifecycleStage", "industry", "tier", "website", "phone", "email", "address",
    "annualRevenue", "employees", "owner", "parent", "tags", "attributes",
}  # fmt: skip


@pytest.fixture
def owner(database_url: str) -> Iterator[Connection]:
    """A connection as the owner, without actor and origin, as psql has it."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def service(database_url: str, actor: Actor) -> Iterator[Connection]:
    """A connection with the role of the service, bound to the tenant."""
    options = f"-c role=tenure_app -c tenure.tenant_id={actor.tenant_id}"
    with psycopg.connect(database_url, autocommit=True, options=options) as connection:
        yield connection


def create_account(connection: Connection, actor: Actor, **columns: object) -> uuid.UUID:
    names = ", ".join(columns)
    placeholders = ", ".join("%s" for _ in columns)
    insert = (
        f"INSERT INTO account (tenant_id, name, {names}) VALUES (%s, 'Acme', {placeholders}) RETURNING id"
    )
    [(account_id,)] = connection.execute(insert, (actor.tenant_id, *columns.values()))
    return account_id


ADD_EXTERNAL_REF = """
INSERT INTO external_ref (tenant_id, entity, system, external_id, record_id)
VALUES (%(tenant)s, 'Account', 'erp', %(record)s::text, %(record)s)
"""


def fetch_last_change(connection: Connection, record_id: object) -> Any:
    with connection.cursor(row_factory=psycopg.rows.namedtuple_row) as cursor:
        changes = "SELECT * FROM change WHERE record_id = %s ORDER BY seq DESC LIMIT 1"
        return cursor.execute(changes, (record_id,)).fetchone()


def change(connection: Connection, record_id: object, to: str, *values: object) -> Any:
    """Update a record, and return the captured change."""
    connection.execute(f"UPDATE account SET {to} WHERE id = %s", (*values, record_id))
    return fetch_last_change(connection, record_id)


class TestFormat:
    def test_a_create_contains_the_record_in_the_format_of_inputs(
        self, owner: Connection, actor: Actor
    ) -> None:
        parent = create_account(owner, actor, tier="gold")
        record = create_account(
            owner, actor, parent_id=parent, address_city="Bonn", tags=["a"], attributes='{"x": [1, null]}'
        )
        created = fetch_last_change(owner, record)
        assert (created.operation, created.before, created.version) == ("CREATE", None, 1)
        assert created.after.keys() == ACCOUNT_FIELDS
        assert created.after["parent"] == {"id": str(parent)}
        nothing = dict.fromkeys(("street", "region", "postalCode", "country"))
        assert created.after["address"] == {"city": "Bonn", **nothing}
        assert created.after["annualRevenue"] is None
        assert created.after["tags"] == ["a"]
        assert created.after["attributes"] == {"x": [1, None]}

    def test_an_update_of_a_part_contains_the_whole_composite(self, owner: Connection, actor: Actor) -> None:
        record = create_account(owner, actor, annual_revenue_minor_units=100, annual_revenue_currency="EUR")
        changed = change(owner, record, "annual_revenue_minor_units = 200")
        assert changed.before == {"annualRevenue": {"minorUnits": 100, "currency": "EUR"}}
        assert changed.after == {"annualRevenue": {"minorUnits": 200, "currency": "EUR"}}
        emptied = change(owner, record, "annual_revenue_minor_units = NULL, annual_revenue_currency = NULL")
        assert (emptied.before, emptied.after) == (changed.after, {"annualRevenue": None})

    def test_a_reference_has_the_format_of_its_input(self, owner: Connection, actor: Actor) -> None:
        parent, record = create_account(owner, actor, tier="a"), create_account(owner, actor, tier="b")
        changed = change(owner, record, "parent_id = %s", parent)
        assert (changed.before, changed.after) == ({"parent": None}, {"parent": {"id": str(parent)}})

    def test_times_are_in_utc_for_every_writer(self, owner: Connection, actor: Actor) -> None:
        owner.execute("SET timezone = 'Asia/Tokyo'")
        [(record,)] = owner.execute(
            """INSERT INTO activity (tenant_id, kind, occurred_at)
               VALUES (%s, 'CALL', '2026-03-31T09:30:00Z') RETURNING id""",
            (actor.tenant_id,),
        )
        assert fetch_last_change(owner, record).after["occurredAt"] == "2026-03-31T09:30:00+00:00"
        owner.execute("UPDATE activity SET occurred_at = '2026-04-01T00:00:00Z' WHERE id = %s", (record,))
        assert fetch_last_change(owner, record).after == {"occurredAt": "2026-04-01T00:00:00+00:00"}


class TestOperations:
    def test_a_delete_contains_the_record_before_and_a_restore_after(
        self, owner: Connection, actor: Actor
    ) -> None:
        record = create_account(owner, actor, tier="gold")
        complete = fetch_last_change(owner, record).after
        deleted = change(owner, record, "deleted_at = now()")
        assert (deleted.operation, deleted.before, deleted.after) == ("DELETE", complete, None)
        restored = change(owner, record, "deleted_at = NULL, tier = 'silver'")
        assert (restored.operation, restored.before) == ("RESTORE", None)
        assert restored.after == complete | {"tier": "silver"}
        assert (deleted.version, restored.version) == (2, 3)

    def test_a_purge_contains_the_record_and_has_the_next_version(
        self, owner: Connection, actor: Actor
    ) -> None:
        record = create_account(owner, actor, tier="gold")
        complete = fetch_last_change(owner, record).after
        owner.execute("DELETE FROM account WHERE id = %s", (record,))
        purged = fetch_last_change(owner, record)
        assert (purged.operation, purged.before, purged.after) == ("PURGE", complete, None)
        assert purged.version == 2

    def test_a_purge_deletes_the_external_references(self, owner: Connection, actor: Actor) -> None:
        purged, remaining = (create_account(owner, actor, tier="gold") for _ in range(2))
        for record in (purged, remaining):
            owner.execute(ADD_EXTERNAL_REF, {"tenant": actor.tenant_id, "record": record})
        owner.execute("DELETE FROM account WHERE id = %s", (purged,))
        left = owner.execute("SELECT record_id FROM external_ref WHERE tenant_id = %s", (actor.tenant_id,))
        assert left.fetchall() == [(remaining,)]

    def test_every_version_has_a_change(self, owner: Connection, actor: Actor) -> None:
        record = create_account(owner, actor, tier="gold")
        moved = change(owner, record, "deleted_at = now()") and change(
            owner, record, "deleted_at = 'infinity'"
        )
        assert (moved.operation, moved.before, moved.after, moved.version) == ("UPDATE", {}, {}, 3)


@contextmanager
def captured_table(owner: Connection, fields: int) -> Iterator[dict[str, str]]:
    """Create a table with a number of fields, and yield the template of its capture."""
    columns = ", ".join(f"field_{n} text" for n in range(fields))
    owner.execute(
        f"""CREATE TABLE wide (
            tenant_id uuid, id uuid DEFAULT tenure_uuid7(), {columns}, version integer DEFAULT 1,
            created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
            deleted_at timestamptz,
            PRIMARY KEY (tenant_id, id))"""
    )
    template = {f"field{n}": f"field_{n}" for n in range(fields)}
    try:
        owner.execute(f"CALL tenure_capture('wide', 'Wide', '{json.dumps(template)}')")
        yield template
    finally:
        owner.execute("CALL tenure_uncapture('wide')")
        owner.execute("DROP TABLE wide")


class TestPlugins:
    def test_a_table_can_have_many_fields(self, owner: Connection, actor: Actor) -> None:
        with captured_table(owner, 120) as template:
            insert = "INSERT INTO wide (tenant_id, field_7) VALUES (%s, 'x') RETURNING id"
            [(record,)] = owner.execute(insert, (actor.tenant_id,))
            created = fetch_last_change(owner, record)
            owner.execute("UPDATE wide SET field_119 = 'y'")
            updated = fetch_last_change(owner, record)
        assert (created.entity, created.after) == ("Wide", dict.fromkeys(template) | {"field7": "x"})
        assert (updated.before, updated.after) == ({"field119": None}, {"field119": "y"})

    def test_a_second_capture_replaces_the_template(self, owner: Connection, actor: Actor) -> None:
        with captured_table(owner, 2):
            owner.execute("""CALL tenure_capture('wide', 'Wide', '{"renamed": "field_1"}')""")
            insert = "INSERT INTO wide (tenant_id, field_0, field_1) VALUES (%s, 'x', 'y') RETURNING id"
            [(record,)] = owner.execute(insert, (actor.tenant_id,))
            [(count,)] = owner.execute("SELECT count(*) FROM change WHERE record_id = %s", (record,))
            assert (count, fetch_last_change(owner, record).after) == (1, {"renamed": "y"})

    def test_uncapture_drops_the_functions(self, owner: Connection) -> None:
        with captured_table(owner, 1):
            pass
        left = "SELECT proname FROM pg_proc WHERE proname LIKE 'tenure_capture_wide%'"
        assert owner.execute(left).fetchall() == []


def days_ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def insert_old_change(owner: Connection, actor: Actor, days: int) -> None:
    """Insert a change with a time some days ago."""
    owner.execute(
        """INSERT INTO change (tenant_id, entity, record_id, operation, version, actor, origin, occurred_at)
           VALUES (%s, 'Account', %s, 'CREATE', 1, 'tester', 'test', %s)""",
        (actor.tenant_id, uuid.uuid4(), days_ago(days)),
    )


def partitions(owner: Connection, actor: Actor) -> list[str]:
    """Return the names of the partitions that contain changes of the tenant."""
    query = "SELECT DISTINCT tableoid::regclass::text FROM change WHERE tenant_id = %s ORDER BY 1"
    return [name for (name,) in owner.execute(query, (actor.tenant_id,))]


def partition_name(days: int) -> str:
    return f"change_{days_ago(days):%Y%m%d}"


class TestPartitions:
    def test_partitions_exist_for_today_and_the_next_seven_days(self, owner: Connection) -> None:
        names = {name for (name,) in owner.execute("SELECT relname FROM pg_class WHERE relispartition")}
        assert {partition_name(-days) for days in range(8)} <= names

    def test_a_new_change_is_in_the_partition_of_its_day(self, owner: Connection, actor: Actor) -> None:
        create_account(owner, actor, tier="gold")
        assert partitions(owner, actor) == [partition_name(0)]

    def test_changes_of_the_default_partition_are_moved(
        self, owner: Connection, service: Connection, actor: Actor
    ) -> None:
        insert_old_change(owner, actor, 3)
        insert_old_change(owner, actor, 5)
        before = owner.execute("SELECT * FROM change WHERE tenant_id = %s", (actor.tenant_id,)).fetchall()
        assert partitions(owner, actor) == ["change_default"]
        made = {name for (name,) in service.execute("SELECT tenure_create_change_partitions()")}
        assert made == {partition_name(3), partition_name(5)}
        assert partitions(owner, actor) == [partition_name(5), partition_name(3)]
        after = owner.execute("SELECT * FROM change WHERE tenant_id = %s", (actor.tenant_id,)).fetchall()
        assert sorted(after) == sorted(before)
        assert service.execute("SELECT tenure_create_change_partitions()").fetchall() == []

    def test_an_expired_partition_is_dropped_and_the_horizon_is_raised(
        self, owner: Connection, service: Connection, actor: Actor
    ) -> None:
        for days in (40, 31, 30):
            insert_old_change(owner, actor, days)
        [(seq, transaction_id)] = owner.execute(
            """SELECT seq, transaction_id FROM change WHERE tenant_id = %s
               ORDER BY seq DESC OFFSET 1 LIMIT 1""",
            (actor.tenant_id,),
        )
        service.execute("SELECT tenure_create_change_partitions()")
        dropped = []
        while (name := service.execute("SELECT tenure_drop_expired_change_partition(30)").fetchone()) != (
            None,
        ):
            dropped += name or ()
        assert dropped[-2:] == [partition_name(40), partition_name(31)]
        assert partitions(owner, actor) == [partition_name(30)]
        horizon = service.execute("SELECT tenant_id, seq, transaction_id FROM change_horizon").fetchall()
        assert horizon == [(actor.tenant_id, seq, transaction_id)]

    def test_the_service_cannot_drop_the_last_day(self, service: Connection) -> None:
        with pytest.raises(psycopg.errors.RaiseException, match="at least 1 day"):
            service.execute("SELECT tenure_drop_expired_change_partition(0)")

    @pytest.mark.parametrize(
        "statement",
        [
            "DROP TABLE change_default",
            "SELECT FROM change_default",
            "DELETE FROM change_horizon",
            "INSERT INTO change_horizon VALUES (tenure_uuid7(), 1, '1')",
            "SELECT tenure_create_change_partition(current_date)",
            "CALL tenure_capture('account', 'Account', '{}')",
            "CALL tenure_uncapture('account')",
        ],
    )
    def test_the_service_cannot_bypass_the_functions(self, service: Connection, statement: str) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(statement)

    @pytest.mark.parametrize(
        ("event", "firing"),
        [
            ("insert", "REFERENCING NEW TABLE AS added FOR EACH STATEMENT"),
            ("update", "FOR EACH ROW"),
            ("delete", "REFERENCING OLD TABLE AS removed FOR EACH STATEMENT"),
        ],
    )
    def test_a_trigger_on_a_temporary_table_cannot_forge_changes(
        self, service: Connection, event: str, firing: str
    ) -> None:
        service.execute("CREATE TEMP TABLE forged (LIKE account)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="tenure_capture_account"):
            service.execute(
                f"CREATE TRIGGER forge AFTER {event} ON forged {firing} "
                f"EXECUTE FUNCTION tenure_capture_account_{event}()"
            )

    def test_a_locked_table_causes_a_lock_timeout(
        self, owner: Connection, service: Connection, actor: Actor, database_url: str
    ) -> None:
        insert_old_change(owner, actor, 50)
        service.execute("SELECT tenure_create_change_partitions()")
        with psycopg.connect(database_url) as reader:
            reader.execute("SELECT FROM change LIMIT 1")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                service.execute("SELECT tenure_drop_expired_change_partition(30)")
        assert partitions(owner, actor) == [partition_name(50)]
        assert service.execute("SELECT tenure_drop_expired_change_partition(30)").fetchone() == (
            partition_name(50),
        )

    def test_concurrent_calls_return_without_effect(
        self, owner: Connection, service: Connection, actor: Actor, database_url: str
    ) -> None:
        insert_old_change(owner, actor, 60)
        with psycopg.connect(database_url) as other:
            other.execute("SELECT tenure_create_change_partitions()")
            assert service.execute("SELECT tenure_create_change_partitions()").fetchall() == []
            assert service.execute("SELECT tenure_drop_expired_change_partition(30)").fetchone() == (None,)
        assert service.execute("SELECT tenure_drop_expired_change_partition(30)").fetchone() == (
            partition_name(60),
        )


def test_the_downgrade_restores_the_first_capture(empty_database_url: str, actor: Actor) -> None:
    runner.upgrade(empty_database_url)
    runner.downgrade(empty_database_url, "0002")
    with psycopg.connect(empty_database_url, autocommit=True) as owner:
        record = create_account(owner, actor, address_city="Bonn")
        created = fetch_last_change(owner, record)
        assert (created.operation, created.after["address_city"]) == ("CREATE", "Bonn")
        left = owner.execute(
            """SELECT relname FROM pg_class WHERE relname ~ 'change_(horizon|[0-9])'
               UNION ALL SELECT proname FROM pg_proc WHERE proname ~ 'tenure_(capture_account|.*change)'"""
        ).fetchall()
        assert left == []
    runner.upgrade(empty_database_url, allow_destructive=True)
    with psycopg.connect(empty_database_url) as owner:
        assert owner.execute("SELECT FROM change").fetchall() == []
