"""Work orders: what is to be done to a piece of equipment, by whom, and what became of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped

from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_sdk import Entity, Money, belongs_to, column


class WorkOrderKind(StrEnum):
    """Why work is done: before a failure, after one (EN 13306: corrective), or to look."""

    PREVENTIVE = "PREVENTIVE"
    CORRECTIVE = "CORRECTIVE"
    INSPECTION = "INSPECTION"


class WorkOrderStatus(StrEnum):
    """Where a work order stands; `states` says what may follow what."""

    OPEN = "OPEN"
    ASSIGNED = "ASSIGNED"
    IN_PROGRESS = "IN_PROGRESS"
    ON_HOLD = "ON_HOLD"
    COMPLETED = "COMPLETED"
    SIGNED_OFF = "SIGNED_OFF"
    CANCELLED = "CANCELLED"


class Priority(StrEnum):
    """How urgent work is."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"


class WorkOrder(Entity, order_by="-reported_at"):
    """Work on a piece of equipment. A corrective one stands for a failure, unless it is cancelled."""

    equipment: Mapped[Equipment] = belongs_to(back="work_orders", doc="What is worked on.")
    plan: Mapped[MaintenancePlan | None] = belongs_to(
        back="work_orders", doc="The plan that it was made for."
    )
    counted_from: Mapped[datetime | None] = column(
        writable=False,
        doc="From when the plan counted when it made it: names the interval that it ends; kept by the pack.",
    )
    title: Mapped[str] = column(search=True, max_length=300, doc="What it is about, in one line.")
    description: Mapped[str | None] = column(search=True, max_length=20_000, doc="What is known of it.")
    kind: Mapped[WorkOrderKind] = column(doc="Why the work is done.")
    status: Mapped[WorkOrderStatus] = column(default=WorkOrderStatus.OPEN, index=True, doc="Where it stands.")
    priority: Mapped[Priority] = column(default=Priority.NORMAL, doc="How urgent it is.")
    component: Mapped[str | None] = column(search=True, max_length=100, doc="The component that it is about.")
    tasks: Mapped[list[str]] = column(default=[], max_length=100, doc="What is to be done, step by step.")
    reported_at: Mapped[datetime] = column(
        index=True, doc="When it was asked for; of a corrective one, when the equipment failed."
    )
    due_at: Mapped[datetime | None] = column(index=True, doc="When it has to be done.")
    assignee: Mapped[str | None] = column(max_length=200, personal=True, doc="Who of us does it.")
    responded_at: Mapped[datetime | None] = column(doc="When we first acted on it.")
    completed_at: Mapped[datetime | None] = column(doc="When it was done.")
    labour_minutes: Mapped[int | None] = column(minimum=0, doc="How long people worked on it, in minutes.")
    downtime_minutes: Mapped[int | None] = column(
        minimum=0, doc="How long the equipment stood still for it, in minutes."
    )
    cost: Mapped[Money | None] = column(doc="What it cost in all: labour, parts and travel.")
    resolution: Mapped[str | None] = column(search=True, max_length=20_000, doc="What was found and done.")
    signed_off_by: Mapped[str | None] = column(
        max_length=200, personal=True, doc="Who at the customer's has accepted the work."
    )
    signed_off_at: Mapped[datetime | None] = column(doc="When the customer accepted the work.")
    response_breached_at: Mapped[datetime | None] = column(
        writable=False, doc="When it was seen that the promised response came too late; kept by the pack."
    )
    breach_told_at: Mapped[datetime | None] = column(
        writable=False, doc="When the webhook was told of it; kept by the pack."
    )
