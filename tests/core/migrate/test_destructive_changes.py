"""Data loss in a revision is found in its operations and in its SQL text, without running it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.script import Script
from sqlalchemy import Connection

from tenure_core.migrate.destructive_changes import LossDetector
from tenure_core.migrate.runner import owner_engine


@pytest.fixture(scope="module")
def connection(database_url: str) -> Iterator[Connection]:
    with owner_engine(database_url) as opened:
        yield opened


def find_losses(connection: Connection, *scripts: Any) -> list[str]:
    """Return the losses of revisions that execute the given statements or call the given functions."""
    detector = LossDetector(connection)
    return [loss for script in scripts for loss in detector.find(create_revision(script))]


def create_revision(script: Any) -> Script:
    upgrade = script if callable(script) else lambda: op.execute(script)
    return cast(Script, SimpleNamespace(module=SimpleNamespace(upgrade=upgrade)))


@pytest.mark.parametrize(
    ("statement", "loss"),
    [
        ("DROP TABLE account", "drops the table account"),
        ("drop table if exists public.account cascade", "drops the table account"),
        ('DROP TABLE "account"', "drops the table account"),
        ("ALTER TABLE account DROP COLUMN tier", "drops the column account.tier"),
        ("ALTER TABLE ONLY account DROP tier", "drops the column account.tier"),
        ("ALTER TABLE account ADD a text, DROP COLUMN IF EXISTS tier", "drops the column account.tier"),
        ("TRUNCATE account", "truncates the table account"),
        ("DELETE FROM account WHERE tier IS NULL", "deletes rows of the table account"),
        ("WITH old AS (DELETE FROM account RETURNING 1) SELECT 1", "deletes rows of the table account"),
        ("ALTER TABLE account ALTER name TYPE integer", "narrows account.name from text to integer"),
        (
            "ALTER TABLE account ALTER COLUMN employees SET DATA TYPE smallint USING 1",
            "narrows account.employees from integer to smallint",
        ),
        ("DROP SCHEMA procrastinate CASCADE", "executes DROP SCHEMA"),
        (
            "DO $$ BEGIN EXECUTE 'DROP TABLE account'; END $$",
            "runs a DO block that deletes rows, columns or tables",
        ),
    ],
)
def test_a_loss_in_sql_text_is_found(connection: Connection, statement: str, loss: str) -> None:
    assert find_losses(connection, statement) == [loss]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE seat (n integer)",
        "ALTER TABLE account ADD COLUMN seats integer",
        "ALTER TABLE account DROP CONSTRAINT fk_account_parent",
        "ALTER TABLE account ALTER COLUMN kind DROP DEFAULT, ALTER name DROP NOT NULL",
        "ALTER TABLE account ALTER COLUMN employees TYPE bigint",
        "ALTER TABLE account ALTER COLUMN employees TYPE text USING employees::text",
        'ALTER TABLE account ALTER COLUMN tier TYPE text COLLATE "C"',
        "ALTER TABLE account DROP COLUMN search",
        "DROP INDEX ix_account_name",
        "DROP FUNCTION tenure_uuid7()",
        "UPDATE account SET tier = 'DROP TABLE account; TRUNCATE account'",
        "SELECT 1 -- DROP TABLE account;",
        "/* it's gone: DROP TABLE account; */ SELECT 'it''s; DROP TABLE account'",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $f$ DELETE FROM account; DROP TABLE account $f$",
        "DO $$ BEGIN PERFORM 1; END $$",
    ],
)
def test_sql_text_without_a_loss_is_accepted(connection: Connection, statement: str) -> None:
    assert find_losses(connection, statement) == []


def test_every_loss_of_a_statement_is_found(connection: Connection) -> None:
    losses = find_losses(
        connection, "DROP TABLE contact, account", "ALTER TABLE activity DROP body, DROP outcome"
    )
    assert losses == [
        "drops the table contact",
        "drops the table account",
        "drops the column activity.body",
        "drops the column activity.outcome",
    ]


def test_losses_in_operations_of_alembic_are_found(connection: Connection) -> None:
    def upgrade() -> None:
        op.drop_column("account", "tier")
        op.alter_column("account", "employees", type_=sa.SmallInteger())
        op.drop_table("contact")

    assert find_losses(connection, upgrade) == [
        "drops the column account.tier",
        "narrows account.employees from integer to smallint",
        "drops the table contact",
    ]


def test_losses_in_batch_operations_are_found(connection: Connection) -> None:
    def upgrade() -> None:
        with op.batch_alter_table("account") as batch:
            batch.drop_column("tier")

    assert find_losses(connection, upgrade) == ["drops the column account.tier"]


def test_operations_without_a_loss_are_accepted(connection: Connection) -> None:
    def upgrade() -> None:
        op.create_table("seat", sa.Column("n", sa.Integer()))
        op.drop_table("seat")
        op.add_column("account", sa.Column("seats", sa.Integer()))
        op.alter_column("account", "employees", type_=sa.BigInteger(), nullable=True)
        op.create_index("ix_account_seats", "account", ["seats"])
        op.drop_column("account", "search")

    assert find_losses(connection, upgrade) == []


def test_losses_in_statements_built_with_sqlalchemy_are_found(connection: Connection) -> None:
    account = sa.table("account", sa.column("tier"))
    assert find_losses(connection, lambda: op.execute(account.delete())) == [
        "deletes rows of the table account"
    ]


def test_losses_in_statements_on_the_connection_are_found(connection: Connection) -> None:
    assert find_losses(connection, lambda: op.get_bind().exec_driver_sql("DROP TABLE account")) != []
    assert find_losses(connection, lambda: op.get_bind().execute(sa.text("DROP TABLE account"))) != []


def test_dropping_a_table_of_a_previous_revision_is_no_loss(connection: Connection) -> None:
    create, drop = "CREATE TABLE seat (n integer, m integer)", "ALTER TABLE seat DROP m; DROP TABLE seat"
    assert find_losses(connection, create, drop) == []
    assert find_losses(connection, drop) == ["drops the column seat.m", "drops the table seat"]


def test_a_revision_that_reads_data_counts_as_a_loss(connection: Connection) -> None:
    def upgrade() -> None:
        for row in op.get_bind().execute(sa.text("SELECT 1")):
            op.execute(f"SELECT {row}")

    [loss] = find_losses(connection, upgrade)
    assert loss.startswith("cannot be analyzed before it runs (TypeError")


def test_finding_losses_executes_nothing(connection: Connection) -> None:
    find_losses(connection, "DROP TABLE account")
    assert connection.scalar(sa.text("SELECT to_regclass('account') IS NOT NULL")) is True
