"""Computed fields that PostgreSQL derives from related records: due times, service ages and stock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Double, FromClause, Interval, cast, extract, func, literal, select

from tenure_manufacturing.entities.contracts import ContractStatus
from tenure_manufacturing.entities.parts import Part
from tenure_manufacturing.entities.work_orders import WorkOrder, WorkOrderKind
from tenure_manufacturing.metrics.table_aliases import (
    CONTRACT,
    EQUIPMENT,
    PART_USE,
    WORK_ORDER,
    join_condition,
    not_deleted_in_tenant_of,
)
from tenure_manufacturing.rules.work_order_states import CANCELLED
from tenure_sdk import DATE_TIME, FLOAT, INT, ComputedColumn

ONE_HOUR = literal(timedelta(hours=1), Interval())
SECONDS_PER_DAY: ColumnElement[float] = literal(86_400.0, Double())


def response_due_at(order: FromClause) -> ColumnElement[Any]:
    """Return when the response to a work order is due; null without an agreed response time."""
    due_at = order.c.reported_at + CONTRACT.c.response_hours * ONE_HOUR
    return (
        select(due_at)
        .select_from(EQUIPMENT.join(CONTRACT, join_condition(EQUIPMENT, "contract_id", CONTRACT)))
        .where(
            EQUIPMENT.c.tenant_id == order.c.tenant_id,
            EQUIPMENT.c.id == order.c.equipment_id,
            CONTRACT.c.deleted_at.is_(None),
            CONTRACT.c.status == ContractStatus.ACTIVE,
            CONTRACT.c.starts_on <= order.c.reported_at,
        )
        .correlate(order)
        .scalar_subquery()
    )


def days_since_service(order: FromClause) -> ColumnElement[Any]:
    """Return the days between the last service or inspection of the equipment and the report of an order.

    Repairs, and work completed at the time of the report, are not included. Null without earlier service.
    """
    elapsed = order.c.reported_at - func.max(WORK_ORDER.c.completed_at)
    return (
        select(cast(extract("epoch", elapsed), Double) / SECONDS_PER_DAY)
        .where(
            not_deleted_in_tenant_of(WORK_ORDER, order),
            WORK_ORDER.c.equipment_id == order.c.equipment_id,
            WORK_ORDER.c.kind != WorkOrderKind.CORRECTIVE,
            WORK_ORDER.c.status != CANCELLED,
            WORK_ORDER.c.completed_at < order.c.reported_at,
        )
        .correlate(order)
        .scalar_subquery()
    )


def in_stock(part: FromClause) -> ColumnElement[Any]:
    """Return the number of units of a part that are in stock."""
    used = (
        select(func.coalesce(func.sum(PART_USE.c.quantity), 0))
        .select_from(PART_USE.join(WORK_ORDER, join_condition(PART_USE, "work_order_id", WORK_ORDER)))
        .where(
            not_deleted_in_tenant_of(PART_USE, part),
            PART_USE.c.part_id == part.c.id,
            WORK_ORDER.c.deleted_at.is_(None),
            WORK_ORDER.c.status != CANCELLED,
        )
        .correlate(part)
        .scalar_subquery()
    )
    return part.c.received_quantity - used


COMPUTED_COLUMNS = (
    ComputedColumn(
        entity=WorkOrder,
        name="response_due_at",
        scalar_type=DATE_TIME,
        doc="When the response is due according to the service contract of the equipment; null without an "
        "active contract with a response time.",
        expression=response_due_at,
    ),
    ComputedColumn(
        entity=WorkOrder,
        name="days_since_service",
        scalar_type=FLOAT,
        doc="Days between the last completed preventive work order or inspection of the equipment and "
        "`reportedAt`; null if there was none before.",
        expression=days_since_service,
    ),
    ComputedColumn(
        entity=Part,
        name="in_stock",
        scalar_type=INT,
        doc="Number of units in stock: `receivedQuantity` minus the units used by work orders that are not "
        "cancelled.",
        expression=in_stock,
    ),
)
