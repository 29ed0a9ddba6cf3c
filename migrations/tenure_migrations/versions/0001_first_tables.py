"""Create the tables of tenants, API keys, accounts, contacts, activities, external references and changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = ("core",)
depends_on = None

SQL = Path(__file__).parent.parent / "sql"

TEXT = sa.Text(collation="C")
UUID = sa.Uuid()
TIME = sa.DateTime(timezone=True)
JSON = postgresql.JSONB()
NOW = sa.func.now()
NEW_ID = sa.func.tenure_uuid7()


def upgrade() -> None:
    """Create the schema: functions first, because the tables use them."""
    _run("identity")
    _run("search")
    _create_tenant_and_key()
    _create_account()
    _create_contact()
    _create_activity()
    _create_external_ref()
    _create_change()
    _run("access")
    _run("capture")
    _protect_and_capture()


def downgrade() -> None:
    """Drop everything except the role, which other databases of the cluster may use."""
    _run("drop")


def _run(name: str) -> None:
    script = (SQL / f"{revision}_{name}.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})


def _create_tenant_and_key() -> None:
    op.create_table(
        "tenant",
        sa.Column("id", UUID, server_default=NEW_ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenant"),
        sa.UniqueConstraint("name", name="uq_tenant_name"),
    )
    op.create_table(
        "api_key",
        sa.Column("tenant_id", UUID, nullable=False),
        sa.Column("id", UUID, server_default=NEW_ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.Column("revoked_at", TIME),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_api_key"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_api_key_tenant_id"),
        sa.UniqueConstraint("hash", name="uq_api_key_hash"),
        sa.CheckConstraint("role IN ('admin', 'reader')", name="ck_api_key_role"),
    )


def _create_account() -> None:
    _create_entity(
        "account",
        (
            sa.Column("name", TEXT, nullable=False),
            sa.Column("kind", TEXT, server_default="ORGANIZATION", nullable=False),
            sa.Column("lifecycle_stage", TEXT, server_default="LEAD", nullable=False),
            sa.Column("industry", TEXT),
            sa.Column("tier", TEXT),
            sa.Column("website", TEXT),
            sa.Column("phone", TEXT),
            sa.Column("email", TEXT),
            sa.Column("address_street", TEXT),
            sa.Column("address_city", TEXT),
            sa.Column("address_region", TEXT),
            sa.Column("address_postal_code", TEXT),
            sa.Column("address_country", TEXT),
            sa.Column("annual_revenue_minor_units", sa.BigInteger()),
            sa.Column("annual_revenue_currency", TEXT),
            sa.Column("employees", sa.Integer()),
            sa.Column("owner", TEXT),
            sa.Column("parent_id", UUID),
            sa.Column("tags", postgresql.ARRAY(TEXT), server_default="{}", nullable=False),
            sa.Column("attributes", JSON, server_default="{}", nullable=False),
        ),
        searched=("name", "industry", "website", "email"),
    )
    _refer("account", "parent_id", "account")
    _index("account", "name")
    _index("account", "lifecycle_stage")
    _index("account", "parent_id")


def _create_contact() -> None:
    _create_entity(
        "contact",
        (
            sa.Column("account_id", UUID),
            sa.Column("first_name", TEXT),
            sa.Column("last_name", TEXT, nullable=False),
            sa.Column("email", TEXT),
            sa.Column("phone", TEXT),
            sa.Column("title", TEXT),
            sa.Column("decision_role", TEXT),
            sa.Column("birthday", sa.Date()),
            sa.Column("preferred_channel", TEXT),
            sa.Column("preferred_language", TEXT),
            sa.Column("consent_email", TEXT),
            sa.Column("consent_phone", TEXT),
            sa.Column("consent_sms", TEXT),
            sa.Column("consent_chat", TEXT),
            sa.Column("consent_post", TEXT),
            sa.Column("tags", postgresql.ARRAY(TEXT), server_default="{}", nullable=False),
            sa.Column("attributes", JSON, server_default="{}", nullable=False),
        ),
        searched=("first_name", "last_name", "email", "title"),
    )
    _refer("contact", "account_id", "account")
    _index("contact", "account_id")
    _index("contact", "last_name")


def _create_activity() -> None:
    _create_entity(
        "activity",
        (
            sa.Column("account_id", UUID),
            sa.Column("contact_id", UUID),
            sa.Column("kind", TEXT, nullable=False),
            sa.Column("channel", TEXT),
            sa.Column("direction", TEXT),
            sa.Column("subject", TEXT),
            sa.Column("body", TEXT),
            sa.Column("occurred_at", TIME, nullable=False),
            sa.Column("duration_seconds", sa.Integer()),
            sa.Column("due_at", TIME),
            sa.Column("completed_at", TIME),
            sa.Column("outcome", TEXT),
            sa.Column("value_minor_units", sa.BigInteger()),
            sa.Column("value_currency", TEXT),
            sa.Column("sentiment", sa.Double()),
            sa.Column("attributes", JSON, server_default="{}", nullable=False),
        ),
        searched=("subject", "body"),
    )
    _refer("activity", "account_id", "account")
    _refer("activity", "contact_id", "contact")
    _index("activity", "account_id", "occurred_at")
    _index("activity", "contact_id", "occurred_at")
    _index("activity", "occurred_at")


def _create_external_ref() -> None:
    op.create_table(
        "external_ref",
        sa.Column("tenant_id", UUID, nullable=False),
        sa.Column("entity", TEXT, nullable=False),
        sa.Column("system", TEXT, nullable=False),
        sa.Column("external_id", TEXT, nullable=False),
        sa.Column("record_id", UUID, nullable=False),
        sa.Column("url", TEXT),
        sa.Column("source_version", TEXT),
        sa.Column("synced_at", TIME),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "entity", "system", "external_id", name="pk_external_ref"),
    )
    op.create_index("ix_external_ref_record", "external_ref", ["tenant_id", "entity", "record_id"])


def _create_change() -> None:
    op.execute("""
        CREATE TABLE change (
            tenant_id      uuid        NOT NULL,
            seq            bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
            transaction_id xid8        NOT NULL DEFAULT pg_current_xact_id(),
            entity         text        COLLATE "C" NOT NULL,
            record_id      uuid        NOT NULL,
            operation      text        COLLATE "C" NOT NULL,
            before         jsonb,
            after          jsonb,
            version        integer     NOT NULL,
            actor          text        COLLATE "C" NOT NULL,
            origin         text        COLLATE "C" NOT NULL,
            occurred_at    timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT ck_change_operation CHECK (operation IN ('CREATE', 'UPDATE', 'DELETE')),
            CONSTRAINT pk_change PRIMARY KEY (tenant_id, transaction_id, seq, occurred_at)
        ) PARTITION BY RANGE (occurred_at)
    """)
    op.execute("CREATE TABLE change_default PARTITION OF change DEFAULT")
    op.create_index("ix_change_record", "change", ["tenant_id", "entity", "record_id"])


def _protect_and_capture() -> None:
    for table, entity in (("account", "Account"), ("contact", "Contact"), ("activity", "Activity")):
        op.execute(f"CALL tenure_protect('{table}')")
        op.execute(f"CALL tenure_capture('{table}', '{entity}')")
    op.execute("CALL tenure_protect('external_ref')")
    op.execute("CALL tenure_protect('change')")
    op.execute("REVOKE INSERT, UPDATE, DELETE ON change FROM tenure_app")


def _create_entity(table: str, columns: Iterable[sa.Column[Any]], searched: Iterable[str]) -> None:
    op.create_table(
        table,
        sa.Column("tenant_id", UUID, nullable=False),
        sa.Column("id", UUID, server_default=NEW_ID, nullable=False),
        *columns,
        *_record_columns(searched),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_search", table, ["search"], postgresql_using="gin")
    _index(table, "created_at")


def _record_columns(searched: Iterable[str]) -> Iterator[sa.Column[Any]]:
    joined = " || ' ' || ".join(f"coalesce({name}, '')" for name in searched)
    yield sa.Column("version", sa.Integer(), server_default="1", nullable=False)
    yield sa.Column("created_at", TIME, server_default=NOW, nullable=False)
    yield sa.Column("updated_at", TIME, server_default=NOW, nullable=False)
    yield sa.Column("deleted_at", TIME)
    yield sa.Column(
        "search", postgresql.TSVECTOR(), sa.Computed(f"tenure_search_words({joined})", persisted=True)
    )


def _refer(table: str, column: str, target: str) -> None:
    name = f"fk_{table}_tenant_id_{column}"
    op.create_foreign_key(name, table, target, ["tenant_id", column], ["tenant_id", "id"])


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{columns[0]}", table, ["tenant_id", *columns, "id"])
