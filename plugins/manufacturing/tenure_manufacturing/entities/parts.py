"""Parts: what equipment is repaired with, what plans ask for, and what work orders used."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_sdk import Entity, Money, belongs_to, column


class Part(Entity, order_by="name"):
    """A spare part that we keep in stock."""

    number: Mapped[str] = column(unique=True, search=True, max_length=50, doc="What we order it by.")
    name: Mapped[str] = column(
        search=True, index=True, max_length=200, doc="The name that people call it by."
    )
    unit_cost: Mapped[Money | None] = column(doc="What one costs us.")
    received: Mapped[int] = column(
        default=0, minimum=0, doc="How many ever came into stock; what is left follows from what was used."
    )
    reorder_below: Mapped[int | None] = column(minimum=0, doc="How many in stock are too few.")


class PlannedPart(Entity):
    """How many of a part the work of a plan needs."""

    plan: Mapped[MaintenancePlan] = belongs_to(back="planned_parts", doc="The plan.")
    part: Mapped[Part] = belongs_to(back="planned_uses", doc="The part.")
    quantity: Mapped[int] = column(default=1, minimum=1, doc="How many it needs.")


class PartUse(Entity):
    """How many of a part a work order took from stock."""

    work_order: Mapped[WorkOrder] = belongs_to(back="part_uses", doc="The work order.")
    part: Mapped[Part] = belongs_to(back="uses", doc="The part.")
    quantity: Mapped[int] = column(default=1, minimum=1, doc="How many it took.")
