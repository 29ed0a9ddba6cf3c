"""Measures: how reliable equipment is and what it costs, computed where it is asked for.

The formulas are those of EN 15341 (maintenance key performance indicators), with the terms of EN 13306 and
ISO 14224:

- A failure is a corrective work order that was not cancelled.
- Operating time is what the equipment ran since its records began, in hours.
- Mean time between failures is operating time divided by the number of failures.
- Mean time to repair is the total time to restoration, which is the downtime of the repairs that are done,
  divided by their number.
- Availability is operating time divided by operating time and downtime due to maintenance of any kind.
- Cost per running hour is the cost of all work orders divided by operating time.

Each is a field of equipment; of product lines and of accounts it is computed over all their equipment, from
sums and not from means, so that a machine that hardly ran weighs as little as it should.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    and_,
    case,
    cast,
    func,
    literal,
    select,
)

from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.products import Product
from tenure_manufacturing.entities.work_orders import WorkOrderKind
from tenure_manufacturing.metrics.sql_helpers import MACHINE, ORDER, joins, same_tenant_alive
from tenure_manufacturing.rules.work_order_states import CANCELLED, DONE
from tenure_sdk import BIG_INT, FLOAT, INT, STRING, Account, ComputedColumn, Entity, ScalarType

Value = ColumnElement[Any]
"""What PostgreSQL computes, of any type."""

MINUTES_OF_HOUR: Value = literal(60.0, Double())


@dataclass(frozen=True, slots=True)
class EquipmentScope:
    """Some equipment, as one record stands for it.

    Args:
        entity: What the record is of.
        leads: The column of equipment that leads to the record.
        whose: Whose measures they are, for descriptions.
        prefix: What their names begin with.
    """

    entity: type[Entity]
    leads: str
    whose: str
    prefix: str = ""


FLEETS = (
    EquipmentScope(Equipment, "id", "the equipment"),
    EquipmentScope(Product, "product_id", "the line's equipment"),
    EquipmentScope(Account, "account_id", "the account's equipment", "equipment_"),
)


def measures() -> Iterator[ComputedColumn]:
    """Yield every measure of every fleet."""
    for fleet in FLEETS:
        for name, kind, doc, expression in MEASURES:
            yield ComputedColumn(
                entity=fleet.entity,
                name=fleet.prefix + name,
                scalar_type=kind,
                doc=doc.format(whose=fleet.whose),
                expression=_over(fleet, expression),
            )


Expression = Callable[[FromClause, EquipmentScope], Value]


def _over(fleet: EquipmentScope, expression: Expression) -> Callable[[FromClause], Value]:
    return lambda row: expression(row, fleet)


def operating_hours(row: FromClause, fleet: EquipmentScope) -> Value:
    """Return the hours that the fleet ran since its records began."""
    run = func.sum(MACHINE.c.running_hours - MACHINE.c.initial_running_hours)
    return select(run).where(_within(row, fleet)).correlate(row).scalar_subquery()


def failure_count(row: FromClause, fleet: EquipmentScope) -> Value:
    """Return how often the fleet failed."""
    return _over_work(row, fleet, func.count(), ORDER.c.kind == WorkOrderKind.CORRECTIVE)


def downtime_hours(row: FromClause, fleet: EquipmentScope) -> Value:
    """Return how many hours the fleet stood still for maintenance."""
    return _over_work(row, fleet, _hours(func.sum(ORDER.c.downtime_minutes)))


def mean_hours_between_failures(row: FromClause, fleet: EquipmentScope) -> Value:
    """Return operating time by failure (EN 15341); empty where nothing failed."""
    return operating_hours(row, fleet) / _not_zero(failure_count(row, fleet))


def mean_hours_to_repair(row: FromClause, fleet: EquipmentScope) -> Value:
    """Return the downtime of a repair that is done, on average (EN 15341)."""
    is_repair = and_(ORDER.c.kind == WorkOrderKind.CORRECTIVE, ORDER.c.status.in_(DONE))
    return _over_work(row, fleet, _hours(func.avg(ORDER.c.downtime_minutes)), is_repair)


def availability(row: FromClause, fleet: EquipmentScope) -> Value:
    """Return operating time by operating time and downtime (EN 15341), from 0 to 1."""
    run = operating_hours(row, fleet)
    return run / _not_zero(run + func.coalesce(downtime_hours(row, fleet), 0.0))


def maintenance_cost(row: FromClause, fleet: EquipmentScope) -> Value:
    """Return what all work cost; empty where it was paid in several currencies."""
    total = cast(func.sum(ORDER.c.cost_minor_units), BigInteger)
    return _over_work(row, fleet, _in_one_currency(total))


def cost_currency(row: FromClause, fleet: EquipmentScope) -> Value:
    """Return the currency that all work was paid in; empty where there are several."""
    return _over_work(row, fleet, _in_one_currency(func.min(ORDER.c.cost_currency)))


def cost_per_running_hour(row: FromClause, fleet: EquipmentScope) -> Value:
    """Return what an hour of operating time cost in maintenance."""
    cost = cast(maintenance_cost(row, fleet), Double)
    return cost / _not_zero(operating_hours(row, fleet))


MEASURES: tuple[tuple[str, ScalarType, str, Expression], ...] = (
    (
        "operating_hours",
        FLOAT,
        "How long {whose} ran since the records began, in hours.",
        operating_hours,
    ),
    ("failure_count", INT, "How often {whose} failed: corrective work orders.", failure_count),
    ("downtime_hours", FLOAT, "How long {whose} stood still for maintenance, in hours.", downtime_hours),
    (
        "mean_hours_between_failures",
        FLOAT,
        "MTBF (EN 15341): how long {whose} ran from one failure to the next on average, in running hours.",
        mean_hours_between_failures,
    ),
    (
        "mean_hours_to_repair",
        FLOAT,
        "MTTR (EN 15341): how long {whose} stood still for a repair on average, in hours.",
        mean_hours_to_repair,
    ),
    (
        "availability",
        FLOAT,
        "Operating time of {whose} by operating time and downtime (EN 15341), from 0 to 1.",
        availability,
    ),
    (
        "maintenance_cost",
        BIG_INT,
        "What work on {whose} cost, in minor units of the cost currency; empty for several currencies.",
        maintenance_cost,
    ),
    ("cost_currency", STRING, "The currency that work on {whose} was paid in, if it is one.", cost_currency),
    (
        "cost_per_running_hour",
        FLOAT,
        "What maintenance of {whose} cost per running hour, in minor units of the cost currency.",
        cost_per_running_hour,
    ),
)
"""Each measure's name, kind, description and expression."""


def _within(row: FromClause, fleet: EquipmentScope) -> Value:
    return and_(same_tenant_alive(MACHINE, row), MACHINE.c[fleet.leads] == row.c.id)


def _over_work(row: FromClause, fleet: EquipmentScope, aggregate: Value, *conditions: Value) -> Value:
    """Return an aggregate over the work orders of a fleet, without cancelled ones."""
    return (
        select(aggregate)
        .select_from(MACHINE.join(ORDER, joins(ORDER, "equipment_id", MACHINE)))
        .where(_within(row, fleet), ORDER.c.deleted_at.is_(None), ORDER.c.status != CANCELLED, *conditions)
        .correlate(row)
        .scalar_subquery()
    )


def _hours(minutes: Value) -> Value:
    return cast(minutes, Double) / MINUTES_OF_HOUR


def _not_zero(number: Value) -> Value:
    return cast(func.nullif(number, 0), Double)


def _in_one_currency(value: Value) -> Value:
    return case((func.count(ORDER.c.cost_currency.distinct()) == 1, value))
