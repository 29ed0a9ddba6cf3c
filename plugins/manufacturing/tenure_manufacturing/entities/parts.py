"""Spare parts, the parts that maintenance plans need, and the parts that work orders used."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_sdk import Entity, Money, belongs_to, column


class Part(Entity, order_by="name"):
    """A spare part that is kept in stock."""

    number: Mapped[str] = column(unique=True, search=True, max_length=50, doc="Part number.")
    name: Mapped[str] = column(search=True, index=True, max_length=200, doc="Display name.")
    unit_cost: Mapped[Money | None] = column(doc="Cost of one unit.")
    received_quantity: Mapped[int] = column(
        default=0,
        minimum=0,
        doc="Total number of units ever received; `inStock` is the number of units that are left.",
    )
    reorder_below: Mapped[int | None] = column(
        minimum=0, doc="Reorder level: the part has to be reordered if `inStock` is lower than this."
    )


class PlannedPart(Entity):
    """A part that each execution of a maintenance plan needs."""

    plan: Mapped[MaintenancePlan] = belongs_to(back="planned_parts", doc="The maintenance plan.")
    part: Mapped[Part] = belongs_to(back="planned_uses", doc="The part.")
    quantity: Mapped[int] = column(default=1, minimum=1, doc="Number of units.")


class PartUse(Entity):
    """A part that a work order took from stock."""

    work_order: Mapped[WorkOrder] = belongs_to(back="part_uses", doc="The work order.")
    part: Mapped[Part] = belongs_to(back="uses", doc="The part.")
    quantity: Mapped[int] = column(default=1, minimum=1, doc="Number of units.")
