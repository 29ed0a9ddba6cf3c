"""Losses: what a revision takes away is read off its SQL, and what it only seems to take is not."""

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


def losses(connection: Connection, *scripts: Any) -> list[str]:
    """Return what revisions take away that run the given statements, or call the given functions."""
    known = LossDetector(connection)
    return [loss for script in scripts for loss in known.of(revision(script))]


def revision(script: Any) -> Script:
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
        ("TRUNCATE account", "empties the table account"),
        ("DELETE FROM account WHERE tier IS NULL", "deletes rows of the table account"),
        ("WITH old AS (DELETE FROM account RETURNING 1) SELECT 1", "deletes rows of the table account"),
        ("ALTER TABLE account ALTER name TYPE integer", "narrows account.name from text to integer"),
        (
            "ALTER TABLE account ALTER COLUMN employees SET DATA TYPE smallint USING 1",
            "narrows account.employees from integer to smallint",
        ),
        ("DROP SCHEMA procrastinate CASCADE", "drops schema as a whole"),
        (
            "DO $$ BEGIN EXECUTE 'DROP TABLE account'; END $$",
            "runs a block of code that takes rows, columns or tables away",
        ),
    ],
)
def test_what_is_taken_away_is_named(connection: Connection, statement: str, loss: str) -> None:
    assert losses(connection, statement) == [loss]


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
def test_what_takes_nothing_away_is_no_loss(connection: Connection, statement: str) -> None:
    assert losses(connection, statement) == []


def test_all_that_one_statement_takes_is_named(connection: Connection) -> None:
    found = losses(connection, "DROP TABLE contact, account", "ALTER TABLE activity DROP body, DROP outcome")
    assert found == [
        "drops the table contact",
        "drops the table account",
        "drops the column activity.body",
        "drops the column activity.outcome",
    ]


def test_alembics_own_operations_are_seen(connection: Connection) -> None:
    def upgrade() -> None:
        op.drop_column("account", "tier")
        op.alter_column("account", "employees", type_=sa.SmallInteger())
        op.drop_table("contact")

    assert losses(connection, upgrade) == [
        "drops the column account.tier",
        "narrows account.employees from integer to smallint",
        "drops the table contact",
    ]


def test_what_goes_past_alembic_to_the_connection_is_seen(connection: Connection) -> None:
    assert losses(connection, lambda: op.get_bind().exec_driver_sql("DROP TABLE account")) != []
    assert losses(connection, lambda: op.get_bind().execute(sa.text("DROP TABLE account"))) != []


def test_what_a_revision_before_has_made_is_no_loss(connection: Connection) -> None:
    make, drop = "CREATE TABLE seat (n integer, m integer)", "ALTER TABLE seat DROP m; DROP TABLE seat"
    assert losses(connection, make, drop) == []
    assert losses(connection, drop) == ["drops the column seat.m", "drops the table seat"]


def test_what_depends_on_the_data_is_taken_for_a_loss(connection: Connection) -> None:
    def upgrade() -> None:
        for row in op.get_bind().execute(sa.text("SELECT 1")):
            op.execute(f"SELECT {row}")

    [loss] = losses(connection, upgrade)
    assert loss.startswith("can't be looked at before it runs (TypeError")


def test_looking_runs_nothing(connection: Connection) -> None:
    losses(connection, "DROP TABLE account")
    assert connection.scalar(sa.text("SELECT to_regclass('account') IS NOT NULL")) is True
