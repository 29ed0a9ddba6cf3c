"""Work orders: preventive maintenance, repairs and inspections of equipment."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped

from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_sdk import Entity, Money, belongs_to, column


class WorkOrderKind(StrEnum):
    """The kind of work: before a failure, after a failure (corrective, as in EN 13306), or an inspection."""

    PREVENTIVE = "PREVENTIVE"
    CORRECTIVE = "CORRECTIVE"
    INSPECTION = "INSPECTION"


class WorkOrderStatus(StrEnum):
    """The status of a work order.

    Allowed transitions: OPEN to ASSIGNED, IN_PROGRESS or CANCELLED; ASSIGNED to OPEN, IN_PROGRESS or
    CANCELLED; IN_PROGRESS to ON_HOLD, COMPLETED or CANCELLED; ON_HOLD to IN_PROGRESS or CANCELLED; COMPLETED
    to IN_PROGRESS or SIGNED_OFF; CANCELLED to OPEN.
    """

    OPEN = "OPEN"
    ASSIGNED = "ASSIGNED"
    IN_PROGRESS = "IN_PROGRESS"
    ON_HOLD = "ON_HOLD"
    COMPLETED = "COMPLETED"
    SIGNED_OFF = "SIGNED_OFF"
    CANCELLED = "CANCELLED"


class Priority(StrEnum):
    """The priority of a work order."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"


class WorkOrder(Entity, order_by="-reported_at"):
    """Work on a piece of equipment. A CORRECTIVE work order counts as a failure unless it is cancelled."""

    equipment: Mapped[Equipment] = belongs_to(back="work_orders", doc="The equipment that is worked on.")
    plan: Mapped[MaintenancePlan | None] = belongs_to(
        back="work_orders", doc="The maintenance plan that the work order executes."
    )
    interval_started_at: Mapped[datetime | None] = column(
        writable=False,
        doc="Start of the plan interval that the work order completes, set by the pack; null if the pack did "
        "not create the work order.",
    )
    title: Mapped[str] = column(search=True, max_length=300, doc="Summary in one line.")
    description: Mapped[str | None] = column(
        search=True, max_length=20_000, doc="Description of the problem or the work."
    )
    kind: Mapped[WorkOrderKind] = column(doc="Kind of work.")
    status: Mapped[WorkOrderStatus] = column(
        default=WorkOrderStatus.OPEN,
        index=True,
        doc="Status. An update can make only the transitions that are listed at WorkOrderStatus; a new work "
        "order can have any status.",
    )
    priority: Mapped[Priority] = column(default=Priority.NORMAL, doc="Priority.")
    component: Mapped[str | None] = column(
        search=True, max_length=100, doc="The component that is maintained or failed."
    )
    tasks: Mapped[list[str]] = column(default=[], max_length=100, doc="Steps of the work.")
    reported_at: Mapped[datetime] = column(
        index=True, doc="When the work was requested; for CORRECTIVE work, when the equipment failed."
    )
    due_at: Mapped[datetime | None] = column(index=True, doc="Due date and time.")
    assignee: Mapped[str | None] = column(
        max_length=200,
        personal=True,
        doc="The technician who is responsible; required in status ASSIGNED.",
    )
    responded_at: Mapped[datetime | None] = column(
        doc="When the technician first responded; required in status IN_PROGRESS."
    )
    completed_at: Mapped[datetime | None] = column(
        doc="When the work was completed; required in status COMPLETED."
    )
    labour_minutes: Mapped[int | None] = column(minimum=0, doc="Labour time in minutes.")
    downtime_minutes: Mapped[int | None] = column(minimum=0, doc="Downtime of the equipment in minutes.")
    cost: Mapped[Money | None] = column(doc="Total cost of labour, parts and travel.")
    resolution: Mapped[str | None] = column(
        search=True, max_length=20_000, doc="Findings, and the work that was done."
    )
    signed_off_by: Mapped[str | None] = column(
        max_length=200,
        personal=True,
        doc="The person at the customer who accepted the work; required in status SIGNED_OFF.",
    )
    signed_off_at: Mapped[datetime | None] = column(doc="When the customer accepted the work.")
    response_breached_at: Mapped[datetime | None] = column(
        writable=False,
        doc="When the pack recorded a breach of the agreed response time; null if there is no breach.",
    )
    breach_notified_at: Mapped[datetime | None] = column(
        writable=False,
        doc="When the webhook was notified of the breach; null if it was not notified.",
    )
