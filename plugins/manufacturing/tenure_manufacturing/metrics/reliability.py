"""Reliability and cost metrics of equipment, as computed fields of Equipment, Product and Account.

The formulas are those of EN 15341 (maintenance key performance indicators), with the terms of EN 13306 and
ISO 14224:

- A failure is a corrective work order that is not cancelled.
- Operating time is the running hours of the equipment since its records began.
- Mean time between failures is operating time divided by the number of failures.
- Mean time to repair is the downtime of completed repairs divided by their number.
- Availability is operating time divided by the sum of operating time and maintenance downtime.
- Cost per running hour is the cost of all work orders divided by operating time.

For products and accounts, each metric is computed from the sums over their equipment, not from averages, so
that equipment with few running hours has little influence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Double, FromClause, and_, case, cast, func, literal, select

from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.products import Product
from tenure_manufacturing.entities.work_orders import WorkOrderKind
from tenure_manufacturing.metrics.table_aliases import (
    EQUIPMENT,
    WORK_ORDER,
    join_condition,
    not_deleted_in_tenant_of,
)
from tenure_manufacturing.rules.work_order_states import CANCELLED, FINISHED
from tenure_sdk import BIG_INT, FLOAT, INT, STRING, Account, ComputedColumn, Entity, ScalarType

Value = ColumnElement[Any]
"""An SQL expression of any type."""

MINUTES_PER_HOUR: Value = literal(60.0, Double())


@dataclass(frozen=True, slots=True)
class EquipmentScope:
    """The equipment that the metrics of a record cover.

    Args:
        entity: The entity of the record.
        join_column: The column of equipment that contains the id of the record.
        label: The equipment, in descriptions.
        prefix: Prefix of the field names.
    """

    entity: type[Entity]
    join_column: str
    label: str
    prefix: str = ""


SCOPES = (
    EquipmentScope(Equipment, "id", "the equipment"),
    EquipmentScope(Product, "product_id", "the product's equipment"),
    EquipmentScope(Account, "account_id", "the account's equipment", "equipment_"),
)

Expression = Callable[[FromClause, EquipmentScope], Value]
"""Renders a metric for a row of the scope's entity."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric, which becomes one computed field per scope.

    Args:
        name: Name of the field, without the prefix of the scope.
        scalar_type: Type of the field.
        doc: Description, with the placeholder {label}.
        expression: Renders the metric.
    """

    name: str
    scalar_type: ScalarType
    doc: str
    expression: Expression

    def to_computed_column(self, scope: EquipmentScope) -> ComputedColumn:
        """Return the computed field for a scope."""
        return ComputedColumn(
            entity=scope.entity,
            name=scope.prefix + self.name,
            scalar_type=self.scalar_type,
            doc=self.doc.format(label=scope.label),
            expression=lambda row: self.expression(row, scope),
        )


def operating_hours(row: FromClause, scope: EquipmentScope) -> Value:
    """Return the operating time in hours."""
    hours = func.sum(EQUIPMENT.c.running_hours - EQUIPMENT.c.initial_running_hours)
    return select(hours).where(_in_scope(row, scope)).correlate(row).scalar_subquery()


def failure_count(row: FromClause, scope: EquipmentScope) -> Value:
    """Return the number of failures."""
    return _aggregate_orders(row, scope, func.count(), WORK_ORDER.c.kind == WorkOrderKind.CORRECTIVE)


def downtime_hours(row: FromClause, scope: EquipmentScope) -> Value:
    """Return the maintenance downtime in hours; null if none is recorded."""
    return _aggregate_orders(row, scope, _to_hours(func.sum(WORK_ORDER.c.downtime_minutes)))


def mean_hours_between_failures(row: FromClause, scope: EquipmentScope) -> Value:
    """Return the operating time per failure; null without failures."""
    return operating_hours(row, scope) / _null_if_zero(failure_count(row, scope))


def mean_hours_to_repair(row: FromClause, scope: EquipmentScope) -> Value:
    """Return the average downtime of completed repairs in hours; null without any."""
    is_repair = and_(WORK_ORDER.c.kind == WorkOrderKind.CORRECTIVE, WORK_ORDER.c.status.in_(FINISHED))
    return _aggregate_orders(row, scope, _to_hours(func.avg(WORK_ORDER.c.downtime_minutes)), is_repair)


def availability(row: FromClause, scope: EquipmentScope) -> Value:
    """Return the availability, from 0 to 1; null without operating time and downtime."""
    hours = operating_hours(row, scope)
    return hours / _null_if_zero(hours + func.coalesce(downtime_hours(row, scope), 0.0))


def maintenance_cost(row: FromClause, scope: EquipmentScope) -> Value:
    """Return the total cost in minor units; null if the costs are in several currencies."""
    total = cast(func.sum(WORK_ORDER.c.cost_minor_units), BigInteger)
    return _aggregate_orders(row, scope, _if_one_currency(total))


def cost_currency(row: FromClause, scope: EquipmentScope) -> Value:
    """Return the currency of all costs; null if there are several."""
    return _aggregate_orders(row, scope, _if_one_currency(func.min(WORK_ORDER.c.cost_currency)))


def cost_per_running_hour(row: FromClause, scope: EquipmentScope) -> Value:
    """Return the total cost per hour of operating time, in minor units."""
    cost = cast(maintenance_cost(row, scope), Double)
    return cost / _null_if_zero(operating_hours(row, scope))


def _in_scope(row: FromClause, scope: EquipmentScope) -> Value:
    return and_(not_deleted_in_tenant_of(EQUIPMENT, row), EQUIPMENT.c[scope.join_column] == row.c.id)


def _aggregate_orders(row: FromClause, scope: EquipmentScope, aggregate: Value, *conditions: Value) -> Value:
    """Return an aggregate over the work orders in a scope that are not cancelled."""
    return (
        select(aggregate)
        .select_from(EQUIPMENT.join(WORK_ORDER, join_condition(WORK_ORDER, "equipment_id", EQUIPMENT)))
        .where(
            _in_scope(row, scope),
            WORK_ORDER.c.deleted_at.is_(None),
            WORK_ORDER.c.status != CANCELLED,
            *conditions,
        )
        .correlate(row)
        .scalar_subquery()
    )


def _to_hours(minutes: Value) -> Value:
    return cast(minutes, Double) / MINUTES_PER_HOUR


def _null_if_zero(number: Value) -> Value:
    return cast(func.nullif(number, 0), Double)


def _if_one_currency(value: Value) -> Value:
    return case((func.count(WORK_ORDER.c.cost_currency.distinct()) == 1, value))


METRICS = (
    Metric(
        "operating_hours",
        FLOAT,
        "Running hours of {label} since its records began; null without equipment.",
        operating_hours,
    ),
    Metric(
        "failure_count",
        INT,
        "Number of failures of {label}: corrective work orders that are not cancelled.",
        failure_count,
    ),
    Metric(
        "downtime_hours",
        FLOAT,
        "Maintenance downtime of {label} in hours; null if no downtime is recorded.",
        downtime_hours,
    ),
    Metric(
        "mean_hours_between_failures",
        FLOAT,
        "Mean time between failures (MTBF, EN 15341) of {label}, in running hours; null without failures.",
        mean_hours_between_failures,
    ),
    Metric(
        "mean_hours_to_repair",
        FLOAT,
        "Mean time to repair (MTTR, EN 15341) of {label}, in hours; null without completed repairs whose "
        "downtime is recorded.",
        mean_hours_to_repair,
    ),
    Metric(
        "availability",
        FLOAT,
        "Availability (EN 15341) of {label}, from 0 to 1: operating time divided by the sum of operating "
        "time and downtime; null if both are zero.",
        availability,
    ),
    Metric(
        "maintenance_cost",
        BIG_INT,
        "Total cost of the work orders of {label}, in minor units of the cost currency; null without costs, "
        "or if there are several currencies.",
        maintenance_cost,
    ),
    Metric(
        "cost_currency",
        STRING,
        "Currency of the costs of {label} as an ISO 4217 code; null without costs, or if there are several "
        "currencies.",
        cost_currency,
    ),
    Metric(
        "cost_per_running_hour",
        FLOAT,
        "Maintenance cost per running hour of {label}, in minor units of the cost currency; null without "
        "running hours, without costs, or if there are several currencies.",
        cost_per_running_hour,
    ),
)

RELIABILITY_METRICS = tuple(metric.to_computed_column(scope) for scope in SCOPES for metric in METRICS)
"""The computed fields of all scopes."""
