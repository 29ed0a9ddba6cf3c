"""Computed fields that are no measures: what follows from other records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Double, FromClause, Interval, and_, cast, extract, func, literal, select

from tenure_manufacturing.contracts import ContractStatus, ServiceContract
from tenure_manufacturing.equipment import Equipment
from tenure_manufacturing.parts import Part, PartUse
from tenure_manufacturing.states import CANCELLED
from tenure_manufacturing.tables import alive_with, referred, table_of
from tenure_manufacturing.work_orders import WorkOrder, WorkOrderKind
from tenure_sdk import DATE_TIME, FLOAT, INT, ComputedColumn

HOUR = literal(timedelta(hours=1), Interval())
SECONDS_OF_DAY: ColumnElement[float] = literal(86_400.0, Double())


def computed_columns() -> Iterator[ComputedColumn]:
    """Yield the fields."""
    yield ComputedColumn(
        entity=WorkOrder,
        name="respond_by",
        kind=DATE_TIME,
        doc="When we must have acted on it, as the contract of its equipment promises.",
        expression=respond_by,
    )
    yield ComputedColumn(
        entity=WorkOrder,
        name="days_since_service",
        kind=FLOAT,
        doc="How many days before it was reported its equipment was last serviced or inspected.",
        expression=days_since_service,
    )
    yield ComputedColumn(
        entity=Part,
        name="in_stock",
        kind=INT,
        doc="How many are left: what was received without what work orders used.",
        expression=in_stock,
    )


def respond_by(order: FromClause) -> ColumnElement[Any]:
    """Return when we must have acted on a work order; empty where no contract that holds promises it."""
    equipment, contract = table_of(Equipment), table_of(ServiceContract)
    promised = order.c.reported_at + contract.c.response_hours * HOUR
    return (
        select(promised)
        .select_from(equipment.join(contract, referred(equipment, "contract_id", contract)))
        .where(
            equipment.c.tenant_id == order.c.tenant_id,
            equipment.c.id == order.c.equipment_id,
            contract.c.deleted_at.is_(None),
            contract.c.status == ContractStatus.ACTIVE,
            contract.c.starts_on <= order.c.reported_at,
        )
        .correlate(order)
        .scalar_subquery()
    )


def days_since_service(order: FromClause) -> ColumnElement[Any]:
    """Return how long ago the equipment was serviced or inspected when an order was reported, in days.

    It is empty where it never had been. Repairs don't count, nor what was completed at the very same time.
    """
    earlier = table_of(WorkOrder)
    passed = order.c.reported_at - func.max(earlier.c.completed_at)
    return (
        select(cast(extract("epoch", passed), Double) / SECONDS_OF_DAY)
        .where(
            alive_with(earlier, order),
            earlier.c.equipment_id == order.c.equipment_id,
            earlier.c.kind != WorkOrderKind.CORRECTIVE,
            earlier.c.status != CANCELLED,
            earlier.c.completed_at < order.c.reported_at,
        )
        .correlate(order)
        .scalar_subquery()
    )


def in_stock(part: FromClause) -> ColumnElement[Any]:
    """Return how many of a part are left."""
    use, order = table_of(PartUse), table_of(WorkOrder)
    used = (
        select(func.coalesce(func.sum(use.c.quantity), 0))
        .select_from(use.join(order, referred(use, "work_order_id", order)))
        .where(
            and_(alive_with(use, part), use.c.part_id == part.c.id),
            order.c.deleted_at.is_(None),
            order.c.status != CANCELLED,
        )
        .correlate(part)
        .scalar_subquery()
    )
    return part.c.received - used
