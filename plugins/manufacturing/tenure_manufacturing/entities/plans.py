"""Maintenance plans: recurring maintenance of equipment."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped

from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.meters import Meter
from tenure_sdk import Entity, belongs_to, column


class Comparison(StrEnum):
    """Whether a reading above or below the threshold makes a plan due."""

    ABOVE = "ABOVE"
    BELOW = "BELOW"


class MaintenancePlan(Entity, order_by="next_due_at"):
    """Recurring maintenance of a piece of equipment.

    A plan is due after a number of days, after a number of running hours, or when a meter reading passes a
    threshold, whichever comes first. The interval starts when the maintenance was last done. A plan needs at
    least one of `intervalDays`, `intervalRunningHours` and the condition `meter`, `comparison`, `threshold`.
    """

    equipment: Mapped[Equipment] = belongs_to(
        back="maintenance_plans", doc="The equipment that is maintained."
    )
    name: Mapped[str] = column(
        search=True, max_length=200, doc="Display name, and the title of the plan's work orders."
    )
    component: Mapped[str | None] = column(
        search=True,
        max_length=100,
        doc="The component that is maintained; null for the whole equipment. A repair of the component "
        "starts a new interval.",
    )
    interval_days: Mapped[int | None] = column(
        minimum=1, maximum=36_525, doc="Calendar interval in days; null if the plan has none."
    )
    interval_running_hours: Mapped[float | None] = column(
        minimum=1, doc="Interval in running hours; null if the plan has none."
    )
    meter: Mapped[Meter | None] = belongs_to(
        back="maintenance_plans",
        doc="The meter of the condition. A condition needs `meter`, `comparison` and `threshold`.",
    )
    comparison: Mapped[Comparison | None] = column(
        doc="Whether a reading above or below the threshold makes the plan due."
    )
    threshold: Mapped[float | None] = column(
        doc="The limit of the condition, in the unit of the meter. A reading equal to it does not make the "
        "plan due."
    )
    tasks: Mapped[list[str]] = column(
        default=[], max_length=100, doc="Steps of the maintenance, copied to the plan's work orders."
    )
    expected_minutes: Mapped[int | None] = column(minimum=0, doc="Expected duration in minutes.")
    active: Mapped[bool] = column(default=True, doc="Whether work orders are created for the plan.")
    interval_started_at: Mapped[datetime] = column(
        doc="Start of the current interval: when the maintenance was last done, or when the plan began."
    )
    interval_start_running_hours: Mapped[float] = column(
        default=0.0, minimum=0, doc="Running hours of the equipment at the start of the interval."
    )
    next_due_at: Mapped[datetime | None] = column(
        writable=False,
        index=True,
        doc="Projected due time, maintained by the pack to within one day; null if no due time is projected.",
    )
