"""Computed fields that are no measures: what follows from other records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Double, FromClause, Interval, and_, cast, extract, func, literal, select

from tenure_manufacturing.entities.contracts import ContractStatus
from tenure_manufacturing.entities.parts import Part
from tenure_manufacturing.entities.work_orders import WorkOrder, WorkOrderKind
from tenure_manufacturing.metrics.sql_helpers import CONTRACT, MACHINE, ORDER, USE, joins, same_tenant_alive
from tenure_manufacturing.rules.work_order_states import CANCELLED
from tenure_sdk import DATE_TIME, FLOAT, INT, ComputedColumn

HOUR = literal(timedelta(hours=1), Interval())
SECONDS_OF_DAY: ColumnElement[float] = literal(86_400.0, Double())


def computed_columns() -> Iterator[ComputedColumn]:
    """Yield the fields."""
    yield ComputedColumn(
        entity=WorkOrder,
        name="respond_by",
        scalar_type=DATE_TIME,
        doc="When we must have acted on it, as the contract of its equipment promises.",
        expression=respond_by,
    )
    yield ComputedColumn(
        entity=WorkOrder,
        name="days_since_service",
        scalar_type=FLOAT,
        doc="How many days before it was reported its equipment was last serviced or inspected.",
        expression=days_since_service,
    )
    yield ComputedColumn(
        entity=Part,
        name="in_stock",
        scalar_type=INT,
        doc="How many are left: what was received without what work orders used.",
        expression=in_stock,
    )


def respond_by(order: FromClause) -> ColumnElement[Any]:
    """Return when we must have acted on a work order; empty where no contract that holds promises it."""
    promised = order.c.reported_at + CONTRACT.c.response_hours * HOUR
    return (
        select(promised)
        .select_from(MACHINE.join(CONTRACT, joins(MACHINE, "contract_id", CONTRACT)))
        .where(
            MACHINE.c.tenant_id == order.c.tenant_id,
            MACHINE.c.id == order.c.equipment_id,
            CONTRACT.c.deleted_at.is_(None),
            CONTRACT.c.status == ContractStatus.ACTIVE,
            CONTRACT.c.starts_on <= order.c.reported_at,
        )
        .correlate(order)
        .scalar_subquery()
    )


def days_since_service(order: FromClause) -> ColumnElement[Any]:
    """Return how long ago the equipment was serviced or inspected when an order was reported, in days.

    It is empty where it never had been. Repairs don't count, nor what was completed at the very same time.
    """
    passed = order.c.reported_at - func.max(ORDER.c.completed_at)
    return (
        select(cast(extract("epoch", passed), Double) / SECONDS_OF_DAY)
        .where(
            same_tenant_alive(ORDER, order),
            ORDER.c.equipment_id == order.c.equipment_id,
            ORDER.c.kind != WorkOrderKind.CORRECTIVE,
            ORDER.c.status != CANCELLED,
            ORDER.c.completed_at < order.c.reported_at,
        )
        .correlate(order)
        .scalar_subquery()
    )


def in_stock(part: FromClause) -> ColumnElement[Any]:
    """Return how many of a part are left."""
    used = (
        select(func.coalesce(func.sum(USE.c.quantity), 0))
        .select_from(USE.join(ORDER, joins(USE, "work_order_id", ORDER)))
        .where(
            and_(same_tenant_alive(USE, part), USE.c.part_id == part.c.id),
            ORDER.c.deleted_at.is_(None),
            ORDER.c.status != CANCELLED,
        )
        .correlate(part)
        .scalar_subquery()
    )
    return part.c.received - used
