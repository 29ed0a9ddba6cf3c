"""Error events: what equipment reports of its troubles."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped

from tenure_manufacturing.entities.equipment import Equipment
from tenure_sdk import Entity, belongs_to, column


class Severity(StrEnum):
    """How bad an error is."""

    NOTICE = "NOTICE"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


class ErrorEvent(Entity, order_by="-occurred_at"):
    """An error that a piece of equipment reported."""

    equipment: Mapped[Equipment] = belongs_to(back="error_events", doc="What reported it.")
    code: Mapped[str] = column(search=True, max_length=100, doc="The equipment's code for it.")
    severity: Mapped[Severity] = column(default=Severity.WARNING, doc="How bad it is.")
    component: Mapped[str | None] = column(
        search=True, max_length=100, doc="The component that it came from."
    )
    message: Mapped[str | None] = column(search=True, max_length=2_000, doc="What the equipment said.")
    occurred_at: Mapped[datetime] = column(index=True, doc="When it happened.")
    cleared_at: Mapped[datetime | None] = column(doc="When it was over.")
