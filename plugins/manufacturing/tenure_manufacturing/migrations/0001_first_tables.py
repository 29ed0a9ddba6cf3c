"""First tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "part",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("tenure_uuid7()"), nullable=False),
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("unit_cost_minor_units", sa.BigInteger(), nullable=True),
        sa.Column("unit_cost_currency", sa.Text(collation="C"), nullable=True),
        sa.Column("received", sa.Integer(), server_default=sa.text("'0'"), nullable=False),
        sa.Column("reorder_below", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "tenure_search_words(coalesce(number, '') || ' ' || coalesce(name, ''))", persisted=True
            ),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_part")),
    )
    op.create_index("ix_part_created_at", "part", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index("ix_part_name", "part", ["tenant_id", "name", "id"], unique=False)
    op.create_index(
        "ix_part_number_deleted",
        "part",
        ["tenant_id", "number"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index("ix_part_search", "part", ["search"], unique=False, postgresql_using="gin")
    op.create_index(
        "uq_part_number",
        "part",
        ["tenant_id", "number"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "product",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("tenure_uuid7()"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("family", sa.Text(collation="C"), nullable=True),
        sa.Column("introduced_on", sa.Date(), nullable=True),
        sa.Column("discontinued_on", sa.Date(), nullable=True),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "tenure_search_words(coalesce(code, '') || ' ' || coalesce(name, '') || ' ' || coalesce(family, ''))",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_product")),
    )
    op.create_index(
        "ix_product_code_deleted",
        "product",
        ["tenant_id", "code"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index("ix_product_created_at", "product", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index("ix_product_name", "product", ["tenant_id", "name", "id"], unique=False)
    op.create_index("ix_product_search", "product", ["search"], unique=False, postgresql_using="gin")
    op.create_index(
        "uq_product_code",
        "product",
        ["tenant_id", "code"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "service_contract",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("tenure_uuid7()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("status", sa.Text(collation="C"), server_default=sa.text("'ACTIVE'"), nullable=False),
        sa.Column("coverage", sa.Text(collation="C"), server_default=sa.text("'LABOUR'"), nullable=False),
        sa.Column("response_hours", sa.Double(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("renews_on", sa.Date(), nullable=True),
        sa.Column("value_minor_units", sa.BigInteger(), nullable=True),
        sa.Column("value_currency", sa.Text(collation="C"), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed("tenure_search_words(coalesce(number, ''))", persisted=True),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["account.tenant_id", "account.id"],
            name=op.f("fk_service_contract_tenant_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_service_contract")),
    )
    op.create_index(
        "ix_service_contract_account_id",
        "service_contract",
        ["tenant_id", "account_id", "renews_on", "id"],
        unique=False,
    )
    op.create_index(
        "ix_service_contract_created_at", "service_contract", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_service_contract_number_deleted",
        "service_contract",
        ["tenant_id", "number"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index(
        "ix_service_contract_renews_on", "service_contract", ["tenant_id", "renews_on", "id"], unique=False
    )
    op.create_index(
        "ix_service_contract_search", "service_contract", ["search"], unique=False, postgresql_using="gin"
    )
    op.create_index(
        "uq_service_contract_number",
        "service_contract",
        ["tenant_id", "number"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "equipment",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("tenure_uuid7()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("contract_id", sa.Uuid(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("serial_number", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=True),
        sa.Column("model", sa.Text(collation="C"), nullable=True),
        sa.Column("location", sa.Text(collation="C"), nullable=True),
        sa.Column("installed_on", sa.Date(), nullable=True),
        sa.Column("warranty_until", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(collation="C"), server_default=sa.text("'RUNNING'"), nullable=False),
        sa.Column("running_hours", sa.Double(), server_default=sa.text("'0.0'"), nullable=False),
        sa.Column("running_hours_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("initial_running_hours", sa.Double(), server_default=sa.text("'0.0'"), nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "tenure_search_words(coalesce(serial_number, '') || ' ' || coalesce(name, '') || ' ' || coalesce(model, '') || ' ' || coalesce(location, ''))",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["account.tenant_id", "account.id"],
            name=op.f("fk_equipment_tenant_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contract_id"],
            ["service_contract.tenant_id", "service_contract.id"],
            name=op.f("fk_equipment_tenant_id_contract_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["equipment.tenant_id", "equipment.id"],
            name=op.f("fk_equipment_tenant_id_parent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["product.tenant_id", "product.id"],
            name=op.f("fk_equipment_tenant_id_product_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_equipment")),
    )
    op.create_index(
        "ix_equipment_account_id",
        "equipment",
        ["tenant_id", "account_id", "serial_number", "id"],
        unique=False,
    )
    op.create_index(
        "ix_equipment_contract_id",
        "equipment",
        ["tenant_id", "contract_id", "serial_number", "id"],
        unique=False,
    )
    op.create_index("ix_equipment_created_at", "equipment", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_equipment_parent_id", "equipment", ["tenant_id", "parent_id", "serial_number", "id"], unique=False
    )
    op.create_index(
        "ix_equipment_product_id",
        "equipment",
        ["tenant_id", "product_id", "serial_number", "id"],
        unique=False,
    )
    op.create_index("ix_equipment_search", "equipment", ["search"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_equipment_serial_number_deleted",
        "equipment",
        ["tenant_id", "serial_number"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index("ix_equipment_status", "equipment", ["tenant_id", "status", "id"], unique=False)
    op.create_index(
        "uq_equipment_serial_number",
        "equipment",
        ["tenant_id", "serial_number"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "error_event",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("tenure_uuid7()"), nullable=False),
        sa.Column("equipment_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("severity", sa.Text(collation="C"), server_default=sa.text("'WARNING'"), nullable=False),
        sa.Column("component", sa.Text(collation="C"), nullable=True),
        sa.Column("message", sa.Text(collation="C"), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "tenure_search_words(coalesce(code, '') || ' ' || coalesce(component, '') || ' ' || coalesce(message, ''))",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "equipment_id"],
            ["equipment.tenant_id", "equipment.id"],
            name=op.f("fk_error_event_tenant_id_equipment_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_error_event")),
    )
    op.create_index(
        "ix_error_event_created_at", "error_event", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_error_event_equipment_id",
        "error_event",
        ["tenant_id", "equipment_id", "occurred_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_error_event_occurred_at", "error_event", ["tenant_id", "occurred_at", "id"], unique=False
    )
    op.create_index("ix_error_event_search", "error_event", ["search"], unique=False, postgresql_using="gin")
    op.create_table(
        "meter",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("tenure_uuid7()"), nullable=False),
        sa.Column("equipment_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("unit", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed("tenure_search_words(coalesce(name, ''))", persisted=True),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "equipment_id"],
            ["equipment.tenant_id", "equipment.id"],
            name=op.f("fk_meter_tenant_id_equipment_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_meter")),
    )
    op.create_index("ix_meter_created_at", "meter", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_meter_equipment_id", "meter", ["tenant_id", "equipment_id", "name", "id"], unique=False
    )
    op.create_index("ix_meter_name", "meter", ["tenant_id", "name", "id"], unique=False)
    op.create_index("ix_meter_search", "meter", ["search"], unique=False, postgresql_using="gin")
    op.create_table(
        "maintenance_plan",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("tenure_uuid7()"), nullable=False),
        sa.Column("equipment_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("component", sa.Text(collation="C"), nullable=True),
        sa.Column("every_days", sa.Integer(), nullable=True),
        sa.Column("every_running_hours", sa.Double(), nullable=True),
        sa.Column("meter_id", sa.Uuid(), nullable=True),
        sa.Column("comparison", sa.Text(collation="C"), nullable=True),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column(
            "tasks", postgresql.ARRAY(sa.Text(collation="C")), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("expected_minutes", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("'True'"), nullable=False),
        sa.Column("counts_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts_from_running_hours", sa.Double(), server_default=sa.text("'0.0'"), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "tenure_search_words(coalesce(name, '') || ' ' || coalesce(component, ''))", persisted=True
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "equipment_id"],
            ["equipment.tenant_id", "equipment.id"],
            name=op.f("fk_maintenance_plan_tenant_id_equipment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "meter_id"],
            ["meter.tenant_id", "meter.id"],
            name=op.f("fk_maintenance_plan_tenant_id_meter_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_maintenance_plan")),
    )
    op.create_index(
        "ix_maintenance_plan_created_at", "maintenance_plan", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_maintenance_plan_equipment_id",
        "maintenance_plan",
        ["tenant_id", "equipment_id", "next_due_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_maintenance_plan_meter_id",
        "maintenance_plan",
        ["tenant_id", "meter_id", "next_due_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_maintenance_plan_next_due_at",
        "maintenance_plan",
        ["tenant_id", "next_due_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_maintenance_plan_search", "maintenance_plan", ["search"], unique=False, postgresql_using="gin"
    )
    op.create_table(
        "meter_reading",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("tenure_uuid7()"), nullable=False),
        sa.Column("meter_id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "meter_id"],
            ["meter.tenant_id", "meter.id"],
            name=op.f("fk_meter_reading_tenant_id_meter_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_meter_reading")),
    )
    op.create_index(
        "ix_meter_reading_created_at", "meter_reading", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_meter_reading_meter_id",
        "meter_reading",
        ["tenant_id", "meter_id", "taken_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_meter_reading_meter_id_taken_at",
        "meter_reading",
        ["tenant_id", "meter_id", "taken_at"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "planned_part",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("tenure_uuid7()"), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("part_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), server_default=sa.text("'1'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "part_id"],
            ["part.tenant_id", "part.id"],
            name=op.f("fk_planned_part_tenant_id_part_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_id"],
            ["maintenance_plan.tenant_id", "maintenance_plan.id"],
            name=op.f("fk_planned_part_tenant_id_plan_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_planned_part")),
    )
    op.create_index(
        "ix_planned_part_created_at", "planned_part", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_planned_part_part_id", "planned_part", ["tenant_id", "part_id", "id"], unique=False)
    op.create_index("ix_planned_part_plan_id", "planned_part", ["tenant_id", "plan_id", "id"], unique=False)
    op.create_table(
        "work_order",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("tenure_uuid7()"), nullable=False),
        sa.Column("equipment_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("counted_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("title", sa.Text(collation="C"), nullable=False),
        sa.Column("description", sa.Text(collation="C"), nullable=True),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("status", sa.Text(collation="C"), server_default=sa.text("'OPEN'"), nullable=False),
        sa.Column("priority", sa.Text(collation="C"), server_default=sa.text("'NORMAL'"), nullable=False),
        sa.Column("component", sa.Text(collation="C"), nullable=True),
        sa.Column(
            "tasks", postgresql.ARRAY(sa.Text(collation="C")), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assignee", sa.Text(collation="C"), nullable=True),
        sa.Column("responded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("labour_minutes", sa.Integer(), nullable=True),
        sa.Column("downtime_minutes", sa.Integer(), nullable=True),
        sa.Column("cost_minor_units", sa.BigInteger(), nullable=True),
        sa.Column("cost_currency", sa.Text(collation="C"), nullable=True),
        sa.Column("resolution", sa.Text(collation="C"), nullable=True),
        sa.Column("signed_off_by", sa.Text(collation="C"), nullable=True),
        sa.Column("signed_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("response_breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breach_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "tenure_search_words(coalesce(title, '') || ' ' || coalesce(description, '') || ' ' || coalesce(component, '') || ' ' || coalesce(resolution, ''))",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "equipment_id"],
            ["equipment.tenant_id", "equipment.id"],
            name=op.f("fk_work_order_tenant_id_equipment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_id"],
            ["maintenance_plan.tenant_id", "maintenance_plan.id"],
            name=op.f("fk_work_order_tenant_id_plan_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_work_order")),
    )
    op.create_index("ix_work_order_created_at", "work_order", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index("ix_work_order_due_at", "work_order", ["tenant_id", "due_at", "id"], unique=False)
    op.create_index(
        "ix_work_order_equipment_id",
        "work_order",
        ["tenant_id", "equipment_id", "reported_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_work_order_plan_id", "work_order", ["tenant_id", "plan_id", "reported_at", "id"], unique=False
    )
    op.create_index(
        "ix_work_order_reported_at", "work_order", ["tenant_id", "reported_at", "id"], unique=False
    )
    op.create_index("ix_work_order_search", "work_order", ["search"], unique=False, postgresql_using="gin")
    op.create_index("ix_work_order_status", "work_order", ["tenant_id", "status", "id"], unique=False)
    op.create_table(
        "part_use",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("tenure_uuid7()"), nullable=False),
        sa.Column("work_order_id", sa.Uuid(), nullable=False),
        sa.Column("part_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), server_default=sa.text("'1'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "part_id"],
            ["part.tenant_id", "part.id"],
            name=op.f("fk_part_use_tenant_id_part_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "work_order_id"],
            ["work_order.tenant_id", "work_order.id"],
            name=op.f("fk_part_use_tenant_id_work_order_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_part_use")),
    )
    op.create_index("ix_part_use_created_at", "part_use", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index("ix_part_use_part_id", "part_use", ["tenant_id", "part_id", "id"], unique=False)
    op.create_index(
        "ix_part_use_work_order_id", "part_use", ["tenant_id", "work_order_id", "id"], unique=False
    )
    op.execute("CALL tenure_protect('product')")
    op.execute("""
        CALL tenure_capture('product', 'Product', '{
            "code": "code",
            "name": "name",
            "family": "family",
            "introducedOn": "introduced_on",
            "discontinuedOn": "discontinued_on",
            "attributes": "attributes"
        }')
    """)
    op.execute("CALL tenure_protect('service_contract')")
    op.execute("""
        CALL tenure_capture('service_contract', 'ServiceContract', '{
            "number": "number",
            "status": "status",
            "coverage": "coverage",
            "responseHours": "response_hours",
            "startsOn": "starts_on",
            "renewsOn": "renews_on",
            "value": {"minorUnits": "value_minor_units", "currency": "value_currency"},
            "account": {"id": "account_id"}
        }')
    """)
    op.execute("CALL tenure_protect('equipment')")
    op.execute("""
        CALL tenure_capture('equipment', 'Equipment', '{
            "serialNumber": "serial_number",
            "name": "name",
            "model": "model",
            "location": "location",
            "installedOn": "installed_on",
            "warrantyUntil": "warranty_until",
            "status": "status",
            "runningHours": "running_hours",
            "runningHoursAt": "running_hours_at",
            "initialRunningHours": "initial_running_hours",
            "attributes": "attributes",
            "account": {"id": "account_id"},
            "product": {"id": "product_id"},
            "contract": {"id": "contract_id"},
            "parent": {"id": "parent_id"}
        }')
    """)
    op.execute("CALL tenure_protect('meter')")
    op.execute("""
        CALL tenure_capture('meter', 'Meter', '{
            "name": "name",
            "kind": "kind",
            "unit": "unit",
            "equipment": {"id": "equipment_id"}
        }')
    """)
    op.execute("CALL tenure_protect('meter_reading')")
    op.execute("""
        CALL tenure_capture('meter_reading', 'MeterReading', '{
            "value": "value",
            "takenAt": "taken_at",
            "meter": {"id": "meter_id"}
        }')
    """)
    op.execute("CALL tenure_protect('error_event')")
    op.execute("""
        CALL tenure_capture('error_event', 'ErrorEvent', '{
            "code": "code",
            "severity": "severity",
            "component": "component",
            "message": "message",
            "occurredAt": "occurred_at",
            "clearedAt": "cleared_at",
            "equipment": {"id": "equipment_id"}
        }')
    """)
    op.execute("CALL tenure_protect('maintenance_plan')")
    op.execute("""
        CALL tenure_capture('maintenance_plan', 'MaintenancePlan', '{
            "name": "name",
            "component": "component",
            "everyDays": "every_days",
            "everyRunningHours": "every_running_hours",
            "comparison": "comparison",
            "threshold": "threshold",
            "tasks": "tasks",
            "expectedMinutes": "expected_minutes",
            "active": "active",
            "countsFrom": "counts_from",
            "countsFromRunningHours": "counts_from_running_hours",
            "nextDueAt": "next_due_at",
            "equipment": {"id": "equipment_id"},
            "meter": {"id": "meter_id"}
        }')
    """)
    op.execute("CALL tenure_protect('work_order')")
    op.execute("""
        CALL tenure_capture('work_order', 'WorkOrder', '{
            "countedFrom": "counted_from",
            "title": "title",
            "description": "description",
            "kind": "kind",
            "status": "status",
            "priority": "priority",
            "component": "component",
            "tasks": "tasks",
            "reportedAt": "reported_at",
            "dueAt": "due_at",
            "assignee": "assignee",
            "respondedAt": "responded_at",
            "completedAt": "completed_at",
            "labourMinutes": "labour_minutes",
            "downtimeMinutes": "downtime_minutes",
            "cost": {"minorUnits": "cost_minor_units", "currency": "cost_currency"},
            "resolution": "resolution",
            "signedOffBy": "signed_off_by",
            "signedOffAt": "signed_off_at",
            "responseBreachedAt": "response_breached_at",
            "breachToldAt": "breach_told_at",
            "equipment": {"id": "equipment_id"},
            "plan": {"id": "plan_id"}
        }')
    """)
    op.execute("CALL tenure_protect('part')")
    op.execute("""
        CALL tenure_capture('part', 'Part', '{
            "number": "number",
            "name": "name",
            "unitCost": {"minorUnits": "unit_cost_minor_units", "currency": "unit_cost_currency"},
            "received": "received",
            "reorderBelow": "reorder_below"
        }')
    """)
    op.execute("CALL tenure_protect('planned_part')")
    op.execute("""
        CALL tenure_capture('planned_part', 'PlannedPart', '{
            "quantity": "quantity",
            "plan": {"id": "plan_id"},
            "part": {"id": "part_id"}
        }')
    """)
    op.execute("CALL tenure_protect('part_use')")
    op.execute("""
        CALL tenure_capture('part_use', 'PartUse', '{
            "quantity": "quantity",
            "workOrder": {"id": "work_order_id"},
            "part": {"id": "part_id"}
        }')
    """)


def downgrade() -> None:
    """Go back."""
    op.execute("CALL tenure_uncapture('part_use')")
    op.execute("CALL tenure_uncapture('planned_part')")
    op.execute("CALL tenure_uncapture('part')")
    op.execute("CALL tenure_uncapture('work_order')")
    op.execute("CALL tenure_uncapture('maintenance_plan')")
    op.execute("CALL tenure_uncapture('error_event')")
    op.execute("CALL tenure_uncapture('meter_reading')")
    op.execute("CALL tenure_uncapture('meter')")
    op.execute("CALL tenure_uncapture('equipment')")
    op.execute("CALL tenure_uncapture('service_contract')")
    op.execute("CALL tenure_uncapture('product')")
    op.drop_index("ix_part_use_work_order_id", table_name="part_use")
    op.drop_index("ix_part_use_part_id", table_name="part_use")
    op.drop_index("ix_part_use_created_at", table_name="part_use")
    op.drop_table("part_use")
    op.drop_index("ix_work_order_status", table_name="work_order")
    op.drop_index("ix_work_order_search", table_name="work_order", postgresql_using="gin")
    op.drop_index("ix_work_order_reported_at", table_name="work_order")
    op.drop_index("ix_work_order_plan_id", table_name="work_order")
    op.drop_index("ix_work_order_equipment_id", table_name="work_order")
    op.drop_index("ix_work_order_due_at", table_name="work_order")
    op.drop_index("ix_work_order_created_at", table_name="work_order")
    op.drop_table("work_order")
    op.drop_index("ix_planned_part_plan_id", table_name="planned_part")
    op.drop_index("ix_planned_part_part_id", table_name="planned_part")
    op.drop_index("ix_planned_part_created_at", table_name="planned_part")
    op.drop_table("planned_part")
    op.drop_index(
        "uq_meter_reading_meter_id_taken_at",
        table_name="meter_reading",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_meter_reading_meter_id", table_name="meter_reading")
    op.drop_index("ix_meter_reading_created_at", table_name="meter_reading")
    op.drop_table("meter_reading")
    op.drop_index("ix_maintenance_plan_search", table_name="maintenance_plan", postgresql_using="gin")
    op.drop_index("ix_maintenance_plan_next_due_at", table_name="maintenance_plan")
    op.drop_index("ix_maintenance_plan_meter_id", table_name="maintenance_plan")
    op.drop_index("ix_maintenance_plan_equipment_id", table_name="maintenance_plan")
    op.drop_index("ix_maintenance_plan_created_at", table_name="maintenance_plan")
    op.drop_table("maintenance_plan")
    op.drop_index("ix_meter_search", table_name="meter", postgresql_using="gin")
    op.drop_index("ix_meter_name", table_name="meter")
    op.drop_index("ix_meter_equipment_id", table_name="meter")
    op.drop_index("ix_meter_created_at", table_name="meter")
    op.drop_table("meter")
    op.drop_index("ix_error_event_search", table_name="error_event", postgresql_using="gin")
    op.drop_index("ix_error_event_occurred_at", table_name="error_event")
    op.drop_index("ix_error_event_equipment_id", table_name="error_event")
    op.drop_index("ix_error_event_created_at", table_name="error_event")
    op.drop_table("error_event")
    op.drop_index(
        "uq_equipment_serial_number", table_name="equipment", postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.drop_index("ix_equipment_status", table_name="equipment")
    op.drop_index(
        "ix_equipment_serial_number_deleted",
        table_name="equipment",
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.drop_index("ix_equipment_search", table_name="equipment", postgresql_using="gin")
    op.drop_index("ix_equipment_product_id", table_name="equipment")
    op.drop_index("ix_equipment_parent_id", table_name="equipment")
    op.drop_index("ix_equipment_created_at", table_name="equipment")
    op.drop_index("ix_equipment_contract_id", table_name="equipment")
    op.drop_index("ix_equipment_account_id", table_name="equipment")
    op.drop_table("equipment")
    op.drop_index(
        "uq_service_contract_number",
        table_name="service_contract",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_service_contract_search", table_name="service_contract", postgresql_using="gin")
    op.drop_index("ix_service_contract_renews_on", table_name="service_contract")
    op.drop_index(
        "ix_service_contract_number_deleted",
        table_name="service_contract",
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.drop_index("ix_service_contract_created_at", table_name="service_contract")
    op.drop_index("ix_service_contract_account_id", table_name="service_contract")
    op.drop_table("service_contract")
    op.drop_index("uq_product_code", table_name="product", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index("ix_product_search", table_name="product", postgresql_using="gin")
    op.drop_index("ix_product_name", table_name="product")
    op.drop_index("ix_product_created_at", table_name="product")
    op.drop_index(
        "ix_product_code_deleted", table_name="product", postgresql_where=sa.text("deleted_at IS NOT NULL")
    )
    op.drop_table("product")
    op.drop_index("uq_part_number", table_name="part", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index("ix_part_search", table_name="part", postgresql_using="gin")
    op.drop_index(
        "ix_part_number_deleted", table_name="part", postgresql_where=sa.text("deleted_at IS NOT NULL")
    )
    op.drop_index("ix_part_name", table_name="part")
    op.drop_index("ix_part_created_at", table_name="part")
    op.drop_table("part")
