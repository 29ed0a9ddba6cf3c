"""Create the tables of the pack."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the revision."""
    create_part()
    create_product()
    create_service_contract()
    create_equipment()
    create_error_event()
    create_meter()
    create_maintenance_plan()
    create_meter_reading()
    create_planned_part()
    create_work_order()
    create_part_use()


def downgrade() -> None:
    """Revert the revision."""
    drop_table("part_use")
    drop_table("work_order")
    drop_table("planned_part")
    drop_table("meter_reading")
    drop_table("maintenance_plan")
    drop_table("meter")
    drop_table("error_event")
    drop_table("equipment")
    drop_table("service_contract")
    drop_table("product")
    drop_table("part")


def create_table(name: str, columns: str) -> None:
    """Create the table of an entity with the system columns and row security."""
    op.execute(f"""
        CREATE TABLE "{name}" (
            tenant_id uuid NOT NULL,
            id uuid DEFAULT tenure_uuid7() NOT NULL,
            {columns}
            version integer DEFAULT 1 NOT NULL,
            created_at timestamptz DEFAULT now() NOT NULL,
            updated_at timestamptz DEFAULT now() NOT NULL,
            deleted_at timestamptz,
            CONSTRAINT pk_{name} PRIMARY KEY (tenant_id, id)
        )
    """)
    op.execute(f'CREATE INDEX ix_{name}_created_at ON "{name}" (tenant_id, created_at, id)')
    op.execute(f"CALL tenure_enable_row_security('{name}')")


def drop_table(name: str) -> None:
    """Drop the table of an entity and its change capture."""
    op.execute(f"CALL tenure_uncapture('{name}')")
    op.drop_table(name)


def create_part() -> None:
    """Create the table of Part."""
    create_table(
        "part",
        """
        number text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        unit_cost_minor_units bigint,
        unit_cost_currency text COLLATE "C",
        received_quantity integer DEFAULT '0' NOT NULL,
        reorder_below integer,
        search tsvector GENERATED ALWAYS AS (tenure_search_words(coalesce(number, '')
            || ' ' || coalesce(name, ''))) STORED,
        """,
    )
    op.execute("CREATE INDEX ix_part_name ON part (tenant_id, name, id)")
    op.execute("CREATE INDEX ix_part_number_deleted ON part (tenant_id, number) WHERE deleted_at IS NOT NULL")
    op.execute("CREATE INDEX ix_part_search ON part USING gin (search)")
    op.execute("CREATE UNIQUE INDEX uq_part_number ON part (tenant_id, number) WHERE deleted_at IS NULL")
    op.execute("""
        CALL tenure_capture('part', 'Part', '{
            "number": "number", "name": "name",
            "unitCost": {"minorUnits": "unit_cost_minor_units", "currency": "unit_cost_currency"},
            "receivedQuantity": "received_quantity", "reorderBelow": "reorder_below"
        }')
    """)


def create_product() -> None:
    """Create the table of Product."""
    create_table(
        "product",
        """
        code text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        family text COLLATE "C",
        introduced_on date,
        discontinued_on date,
        attributes jsonb DEFAULT '{}' NOT NULL,
        search tsvector GENERATED ALWAYS AS (tenure_search_words(coalesce(code, '')
            || ' ' || coalesce(name, '')
            || ' ' || coalesce(family, ''))) STORED,
        """,
    )
    op.execute("""
        CREATE INDEX ix_product_code_deleted
            ON product (tenant_id, code) WHERE deleted_at IS NOT NULL
    """)
    op.execute("CREATE INDEX ix_product_name ON product (tenant_id, name, id)")
    op.execute("CREATE INDEX ix_product_search ON product USING gin (search)")
    op.execute("CREATE UNIQUE INDEX uq_product_code ON product (tenant_id, code) WHERE deleted_at IS NULL")
    op.execute("""
        CALL tenure_capture('product', 'Product', '{
            "code": "code", "name": "name", "family": "family", "introducedOn": "introduced_on",
            "discontinuedOn": "discontinued_on", "attributes": "attributes"
        }')
    """)


def create_service_contract() -> None:
    """Create the table of ServiceContract."""
    create_table(
        "service_contract",
        """
        account_id uuid NOT NULL,
        number text COLLATE "C" NOT NULL,
        status text COLLATE "C" DEFAULT 'ACTIVE' NOT NULL,
        coverage text COLLATE "C" DEFAULT 'LABOUR' NOT NULL,
        response_hours double precision,
        starts_on date NOT NULL,
        renews_on date,
        value_minor_units bigint,
        value_currency text COLLATE "C",
        search tsvector GENERATED ALWAYS AS (tenure_search_words(coalesce(number, ''))) STORED,
        CONSTRAINT fk_service_contract_tenant_id_account_id FOREIGN KEY(tenant_id, account_id)
            REFERENCES account (tenant_id, id),
        """,
    )
    op.execute("""
        CREATE INDEX ix_service_contract_account_id
            ON service_contract (tenant_id, account_id, renews_on, id)
    """)
    op.execute("""
        CREATE INDEX ix_service_contract_number_deleted
            ON service_contract (tenant_id, number) WHERE deleted_at IS NOT NULL
    """)
    op.execute("CREATE INDEX ix_service_contract_renews_on ON service_contract (tenant_id, renews_on, id)")
    op.execute("CREATE INDEX ix_service_contract_search ON service_contract USING gin (search)")
    op.execute("""
        CREATE UNIQUE INDEX uq_service_contract_number
            ON service_contract (tenant_id, number) WHERE deleted_at IS NULL
    """)
    op.execute("""
        CALL tenure_capture('service_contract', 'ServiceContract', '{
            "number": "number", "status": "status", "coverage": "coverage",
            "responseHours": "response_hours", "startsOn": "starts_on", "renewsOn": "renews_on",
            "value": {"minorUnits": "value_minor_units", "currency": "value_currency"},
            "account": {"id": "account_id"}
        }')
    """)


def create_equipment() -> None:
    """Create the table of Equipment."""
    create_table(
        "equipment",
        """
        account_id uuid NOT NULL,
        product_id uuid,
        contract_id uuid,
        parent_id uuid,
        serial_number text COLLATE "C" NOT NULL,
        name text COLLATE "C",
        model text COLLATE "C",
        location text COLLATE "C",
        installed_on date,
        warranty_until date,
        status text COLLATE "C" DEFAULT 'RUNNING' NOT NULL,
        running_hours double precision DEFAULT '0.0' NOT NULL,
        running_hours_at timestamptz,
        initial_running_hours double precision DEFAULT '0.0' NOT NULL,
        attributes jsonb DEFAULT '{}' NOT NULL,
        search tsvector GENERATED ALWAYS AS (tenure_search_words(coalesce(serial_number, '')
            || ' ' || coalesce(name, '')
            || ' ' || coalesce(model, '')
            || ' ' || coalesce(location, ''))) STORED,
        CONSTRAINT fk_equipment_tenant_id_account_id FOREIGN KEY(tenant_id, account_id)
            REFERENCES account (tenant_id, id),
        CONSTRAINT fk_equipment_tenant_id_contract_id FOREIGN KEY(tenant_id, contract_id)
            REFERENCES service_contract (tenant_id, id),
        CONSTRAINT fk_equipment_tenant_id_parent_id FOREIGN KEY(tenant_id, parent_id)
            REFERENCES equipment (tenant_id, id),
        CONSTRAINT fk_equipment_tenant_id_product_id FOREIGN KEY(tenant_id, product_id)
            REFERENCES product (tenant_id, id),
        """,
    )
    op.execute("CREATE INDEX ix_equipment_account_id ON equipment (tenant_id, account_id, serial_number, id)")
    op.execute("""
        CREATE INDEX ix_equipment_contract_id
            ON equipment (tenant_id, contract_id, serial_number, id)
    """)
    op.execute("CREATE INDEX ix_equipment_parent_id ON equipment (tenant_id, parent_id, serial_number, id)")
    op.execute("CREATE INDEX ix_equipment_product_id ON equipment (tenant_id, product_id, serial_number, id)")
    op.execute("CREATE INDEX ix_equipment_search ON equipment USING gin (search)")
    op.execute("""
        CREATE INDEX ix_equipment_serial_number_deleted
            ON equipment (tenant_id, serial_number) WHERE deleted_at IS NOT NULL
    """)
    op.execute("CREATE INDEX ix_equipment_status ON equipment (tenant_id, status, id)")
    op.execute("""
        CREATE UNIQUE INDEX uq_equipment_serial_number
            ON equipment (tenant_id, serial_number) WHERE deleted_at IS NULL
    """)
    op.execute("""
        CALL tenure_capture('equipment', 'Equipment', '{
            "serialNumber": "serial_number", "name": "name", "model": "model", "location": "location",
            "installedOn": "installed_on", "warrantyUntil": "warranty_until", "status": "status",
            "runningHours": "running_hours", "runningHoursAt": "running_hours_at",
            "initialRunningHours": "initial_running_hours", "attributes": "attributes",
            "account": {"id": "account_id"}, "product": {"id": "product_id"},
            "contract": {"id": "contract_id"}, "parent": {"id": "parent_id"}
        }')
    """)


def create_error_event() -> None:
    """Create the table of ErrorEvent."""
    create_table(
        "error_event",
        """
        equipment_id uuid NOT NULL,
        code text COLLATE "C" NOT NULL,
        severity text COLLATE "C" DEFAULT 'WARNING' NOT NULL,
        component text COLLATE "C",
        message text COLLATE "C",
        occurred_at timestamptz NOT NULL,
        cleared_at timestamptz,
        search tsvector GENERATED ALWAYS AS (tenure_search_words(coalesce(code, '')
            || ' ' || coalesce(component, '')
            || ' ' || coalesce(message, ''))) STORED,
        CONSTRAINT fk_error_event_tenant_id_equipment_id FOREIGN KEY(tenant_id, equipment_id)
            REFERENCES equipment (tenant_id, id),
        """,
    )
    op.execute("""
        CREATE INDEX ix_error_event_equipment_id
            ON error_event (tenant_id, equipment_id, occurred_at, id)
    """)
    op.execute("CREATE INDEX ix_error_event_occurred_at ON error_event (tenant_id, occurred_at, id)")
    op.execute("CREATE INDEX ix_error_event_search ON error_event USING gin (search)")
    op.execute("""
        CALL tenure_capture('error_event', 'ErrorEvent', '{
            "code": "code", "severity": "severity", "component": "component", "message": "message",
            "occurredAt": "occurred_at", "clearedAt": "cleared_at", "equipment": {"id": "equipment_id"}
        }')
    """)


def create_meter() -> None:
    """Create the table of Meter."""
    create_table(
        "meter",
        """
        equipment_id uuid NOT NULL,
        name text COLLATE "C" NOT NULL,
        kind text COLLATE "C" NOT NULL,
        unit text COLLATE "C" NOT NULL,
        search tsvector GENERATED ALWAYS AS (tenure_search_words(coalesce(name, ''))) STORED,
        CONSTRAINT fk_meter_tenant_id_equipment_id FOREIGN KEY(tenant_id, equipment_id)
            REFERENCES equipment (tenant_id, id),
        """,
    )
    op.execute("CREATE INDEX ix_meter_equipment_id ON meter (tenant_id, equipment_id, name, id)")
    op.execute("CREATE INDEX ix_meter_name ON meter (tenant_id, name, id)")
    op.execute("CREATE INDEX ix_meter_search ON meter USING gin (search)")
    op.execute("""
        CALL tenure_capture('meter', 'Meter', '{
            "name": "name", "kind": "kind", "unit": "unit", "equipment": {"id": "equipment_id"}
        }')
    """)


def create_maintenance_plan() -> None:
    """Create the table of MaintenancePlan."""
    create_table(
        "maintenance_plan",
        """
        equipment_id uuid NOT NULL,
        name text COLLATE "C" NOT NULL,
        component text COLLATE "C",
        interval_days integer,
        interval_running_hours double precision,
        meter_id uuid,
        comparison text COLLATE "C",
        threshold double precision,
        tasks text[] COLLATE "C" DEFAULT '{}' NOT NULL,
        expected_minutes integer,
        active boolean DEFAULT 'True' NOT NULL,
        interval_started_at timestamptz NOT NULL,
        interval_start_running_hours double precision DEFAULT '0.0' NOT NULL,
        next_due_at timestamptz,
        search tsvector GENERATED ALWAYS AS (tenure_search_words(coalesce(name, '')
            || ' ' || coalesce(component, ''))) STORED,
        CONSTRAINT fk_maintenance_plan_tenant_id_equipment_id FOREIGN KEY(tenant_id, equipment_id)
            REFERENCES equipment (tenant_id, id),
        CONSTRAINT fk_maintenance_plan_tenant_id_meter_id FOREIGN KEY(tenant_id, meter_id)
            REFERENCES meter (tenant_id, id),
        """,
    )
    op.execute("""
        CREATE INDEX ix_maintenance_plan_equipment_id
            ON maintenance_plan (tenant_id, equipment_id, next_due_at, id)
    """)
    op.execute("""
        CREATE INDEX ix_maintenance_plan_meter_id
            ON maintenance_plan (tenant_id, meter_id, next_due_at, id)
    """)
    op.execute("""
        CREATE INDEX ix_maintenance_plan_next_due_at
            ON maintenance_plan (tenant_id, next_due_at, id)
    """)
    op.execute("CREATE INDEX ix_maintenance_plan_search ON maintenance_plan USING gin (search)")
    op.execute("""
        CALL tenure_capture('maintenance_plan', 'MaintenancePlan', '{
            "name": "name", "component": "component", "intervalDays": "interval_days",
            "intervalRunningHours": "interval_running_hours", "comparison": "comparison",
            "threshold": "threshold", "tasks": "tasks", "expectedMinutes": "expected_minutes",
            "active": "active", "intervalStartedAt": "interval_started_at",
            "intervalStartRunningHours": "interval_start_running_hours",
            "nextDueAt": "next_due_at", "equipment": {"id": "equipment_id"}, "meter": {"id": "meter_id"}
        }')
    """)


def create_meter_reading() -> None:
    """Create the table of MeterReading."""
    create_table(
        "meter_reading",
        """
        meter_id uuid NOT NULL,
        value double precision NOT NULL,
        taken_at timestamptz NOT NULL,
        CONSTRAINT fk_meter_reading_tenant_id_meter_id FOREIGN KEY(tenant_id, meter_id)
            REFERENCES meter (tenant_id, id),
        """,
    )
    op.execute("CREATE INDEX ix_meter_reading_meter_id ON meter_reading (tenant_id, meter_id, taken_at, id)")
    op.execute("""
        CREATE UNIQUE INDEX uq_meter_reading_meter_id_taken_at
            ON meter_reading (tenant_id, meter_id, taken_at) WHERE deleted_at IS NULL
    """)
    op.execute("""
        CALL tenure_capture('meter_reading', 'MeterReading', '{
            "value": "value", "takenAt": "taken_at", "meter": {"id": "meter_id"}
        }')
    """)


def create_planned_part() -> None:
    """Create the table of PlannedPart."""
    create_table(
        "planned_part",
        """
        plan_id uuid NOT NULL,
        part_id uuid NOT NULL,
        quantity integer DEFAULT '1' NOT NULL,
        CONSTRAINT fk_planned_part_tenant_id_part_id FOREIGN KEY(tenant_id, part_id)
            REFERENCES part (tenant_id, id),
        CONSTRAINT fk_planned_part_tenant_id_plan_id FOREIGN KEY(tenant_id, plan_id)
            REFERENCES maintenance_plan (tenant_id, id),
        """,
    )
    op.execute("CREATE INDEX ix_planned_part_part_id ON planned_part (tenant_id, part_id, id)")
    op.execute("CREATE INDEX ix_planned_part_plan_id ON planned_part (tenant_id, plan_id, id)")
    op.execute("""
        CALL tenure_capture('planned_part', 'PlannedPart', '{
            "quantity": "quantity", "plan": {"id": "plan_id"}, "part": {"id": "part_id"}
        }')
    """)


def create_work_order() -> None:
    """Create the table of WorkOrder."""
    create_table(
        "work_order",
        """
        equipment_id uuid NOT NULL,
        plan_id uuid,
        interval_started_at timestamptz,
        title text COLLATE "C" NOT NULL,
        description text COLLATE "C",
        kind text COLLATE "C" NOT NULL,
        status text COLLATE "C" DEFAULT 'OPEN' NOT NULL,
        priority text COLLATE "C" DEFAULT 'NORMAL' NOT NULL,
        component text COLLATE "C",
        tasks text[] COLLATE "C" DEFAULT '{}' NOT NULL,
        reported_at timestamptz NOT NULL,
        due_at timestamptz,
        assignee text COLLATE "C",
        responded_at timestamptz,
        completed_at timestamptz,
        labour_minutes integer,
        downtime_minutes integer,
        cost_minor_units bigint,
        cost_currency text COLLATE "C",
        resolution text COLLATE "C",
        signed_off_by text COLLATE "C",
        signed_off_at timestamptz,
        response_breached_at timestamptz,
        breach_notified_at timestamptz,
        search tsvector GENERATED ALWAYS AS (tenure_search_words(coalesce(title, '')
            || ' ' || coalesce(description, '')
            || ' ' || coalesce(component, '')
            || ' ' || coalesce(resolution, ''))) STORED,
        CONSTRAINT fk_work_order_tenant_id_equipment_id FOREIGN KEY(tenant_id, equipment_id)
            REFERENCES equipment (tenant_id, id),
        CONSTRAINT fk_work_order_tenant_id_plan_id FOREIGN KEY(tenant_id, plan_id)
            REFERENCES maintenance_plan (tenant_id, id),
        """,
    )
    op.execute("CREATE INDEX ix_work_order_due_at ON work_order (tenant_id, due_at, id)")
    op.execute("""
        CREATE INDEX ix_work_order_equipment_id
            ON work_order (tenant_id, equipment_id, reported_at, id)
    """)
    op.execute("CREATE INDEX ix_work_order_plan_id ON work_order (tenant_id, plan_id, reported_at, id)")
    op.execute("CREATE INDEX ix_work_order_reported_at ON work_order (tenant_id, reported_at, id)")
    op.execute("CREATE INDEX ix_work_order_search ON work_order USING gin (search)")
    op.execute("CREATE INDEX ix_work_order_status ON work_order (tenant_id, status, id)")
    op.execute("""
        CALL tenure_capture('work_order', 'WorkOrder', '{
            "intervalStartedAt": "interval_started_at", "title": "title",
            "description": "description", "kind": "kind", "status": "status", "priority": "priority",
            "component": "component", "tasks": "tasks",
            "reportedAt": "reported_at", "dueAt": "due_at", "assignee": "assignee",
            "respondedAt": "responded_at", "completedAt": "completed_at", "labourMinutes": "labour_minutes",
            "downtimeMinutes": "downtime_minutes",
            "cost": {"minorUnits": "cost_minor_units", "currency": "cost_currency"},
            "resolution": "resolution", "signedOffBy": "signed_off_by", "signedOffAt": "signed_off_at",
            "responseBreachedAt": "response_breached_at", "breachNotifiedAt": "breach_notified_at",
            "equipment": {"id": "equipment_id"}, "plan": {"id": "plan_id"}
        }')
    """)


def create_part_use() -> None:
    """Create the table of PartUse."""
    create_table(
        "part_use",
        """
        work_order_id uuid NOT NULL,
        part_id uuid NOT NULL,
        quantity integer DEFAULT '1' NOT NULL,
        CONSTRAINT fk_part_use_tenant_id_part_id FOREIGN KEY(tenant_id, part_id)
            REFERENCES part (tenant_id, id),
        CONSTRAINT fk_part_use_tenant_id_work_order_id FOREIGN KEY(tenant_id, work_order_id)
            REFERENCES work_order (tenant_id, id),
        """,
    )
    op.execute("CREATE INDEX ix_part_use_part_id ON part_use (tenant_id, part_id, id)")
    op.execute("CREATE INDEX ix_part_use_work_order_id ON part_use (tenant_id, work_order_id, id)")
    op.execute("""
        CALL tenure_capture('part_use', 'PartUse', '{
            "quantity": "quantity", "workOrder": {"id": "work_order_id"}, "part": {"id": "part_id"}
        }')
    """)
