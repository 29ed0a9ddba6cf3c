"""Capture changes in the format of the API, in one partition per day."""

from __future__ import annotations

import json
from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"

ACCOUNT = {
    "name": "name",
    "kind": "kind",
    "lifecycleStage": "lifecycle_stage",
    "industry": "industry",
    "tier": "tier",
    "website": "website",
    "phone": "phone",
    "email": "email",
    "address": {
        "street": "address_street",
        "city": "address_city",
        "region": "address_region",
        "postalCode": "address_postal_code",
        "country": "address_country",
    },
    "annualRevenue": {
        "minorUnits": "annual_revenue_minor_units",
        "currency": "annual_revenue_currency",
    },
    "employees": "employees",
    "owner": "owner",
    "parent": {"id": "parent_id"},
    "tags": "tags",
    "attributes": "attributes",
}

CONTACT = {
    "account": {"id": "account_id"},
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "phone": "phone",
    "title": "title",
    "decisionRole": "decision_role",
    "birthday": "birthday",
    "preferredChannel": "preferred_channel",
    "preferredLanguage": "preferred_language",
    "consent": {
        "email": "consent_email",
        "phone": "consent_phone",
        "sms": "consent_sms",
        "chat": "consent_chat",
        "post": "consent_post",
    },
    "tags": "tags",
    "attributes": "attributes",
}

ACTIVITY = {
    "account": {"id": "account_id"},
    "contact": {"id": "contact_id"},
    "kind": "kind",
    "channel": "channel",
    "direction": "direction",
    "subject": "subject",
    "body": "body",
    "occurredAt": "occurred_at",
    "durationSeconds": "duration_seconds",
    "dueAt": "due_at",
    "completedAt": "completed_at",
    "outcome": "outcome",
    "value": {"minorUnits": "value_minor_units", "currency": "value_currency"},
    "sentiment": "sentiment",
    "attributes": "attributes",
}

CAPTURED = (
    ("account", "Account", ACCOUNT),
    ("contact", "Contact", CONTACT),
    ("activity", "Activity", ACTIVITY),
)


def upgrade() -> None:
    """Replace the capture of 0001 and create the partitions."""
    _drop_first_capture()
    _run("0003_capture")
    _run("0003_feed")
    _run("0003_partitions")
    op.execute("SELECT tenure_make_change_partitions()")
    for table, entity, template in CAPTURED:
        op.execute(f"CALL tenure_capture('{table}', '{entity}', '{json.dumps(template)}')")


def downgrade() -> None:
    """Restore the capture of 0001, and delete the changes captured since."""
    _run("0003_drop")
    _run("0001_capture")
    for table, entity, _ in CAPTURED:
        op.execute(f"CALL tenure_capture('{table}', '{entity}')")


def _drop_first_capture() -> None:
    for table, _, _ in CAPTURED:
        for event in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER tenure_3_capture_{event} ON {table}")
    op.execute("DROP PROCEDURE tenure_capture(regclass, text)")
    op.execute("DROP FUNCTION tenure_capture_insert(), tenure_capture_update(), tenure_capture_delete()")


def _run(name: str) -> None:
    script = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})
