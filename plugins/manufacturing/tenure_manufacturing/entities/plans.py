"""Maintenance plans: what is to be done to equipment again and again, and after what."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped

from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.meters import Meter
from tenure_sdk import Entity, belongs_to, column


class Comparison(StrEnum):
    """On which side of its threshold a reading calls for work."""

    ABOVE = "ABOVE"
    BELOW = "BELOW"


class MaintenancePlan(Entity, order_by="next_due_at"):
    """Work that is done to a piece of equipment again and again.

    It is due after so many days, after so many running hours, or once a meter reads past a threshold: at
    whichever of those that are given comes first, counted from when it was last done.
    """

    equipment: Mapped[Equipment] = belongs_to(back="maintenance_plans", doc="What it is done to.")
    name: Mapped[str] = column(search=True, max_length=200, doc="The name that people call it by.")
    component: Mapped[str | None] = column(
        search=True, max_length=100, doc="The component that it is about; empty for the whole equipment."
    )
    every_days: Mapped[int | None] = column(minimum=1, maximum=36_525, doc="After how many days it is due.")
    every_running_hours: Mapped[float | None] = column(
        minimum=1, doc="After how many running hours it is due."
    )
    meter: Mapped[Meter | None] = belongs_to(
        back="maintenance_plans", doc="The meter whose readings make it due."
    )
    comparison: Mapped[Comparison | None] = column(
        doc="On which side of the threshold a reading makes it due."
    )
    threshold: Mapped[float | None] = column(doc="What the meter must read past, in its unit.")
    tasks: Mapped[list[str]] = column(default=[], max_length=100, doc="What is to be done, step by step.")
    expected_minutes: Mapped[int | None] = column(minimum=0, doc="How long the work should take, in minutes.")
    active: Mapped[bool] = column(default=True, doc="Whether work orders are made for it.")
    counts_from: Mapped[datetime] = column(doc="When it was last done, or its first interval began.")
    counts_from_running_hours: Mapped[float] = column(
        default=0.0, minimum=0, doc="How many hours the equipment had run then."
    )
    next_due_at: Mapped[datetime | None] = column(
        writable=False, index=True, doc="When it is due next, as foreseen today; kept by the pack."
    )
