"""Error events that equipment reports."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped

from tenure_manufacturing.entities.equipment import Equipment
from tenure_sdk import Entity, belongs_to, column


class Severity(StrEnum):
    """The severity of an error."""

    NOTICE = "NOTICE"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


class ErrorEvent(Entity, order_by="-occurred_at"):
    """An error that a piece of equipment reported."""

    equipment: Mapped[Equipment] = belongs_to(
        back="error_events", doc="The equipment that reported the error."
    )
    code: Mapped[str] = column(search=True, max_length=100, doc="Error code of the equipment.")
    severity: Mapped[Severity] = column(default=Severity.WARNING, doc="Severity of the error.")
    component: Mapped[str | None] = column(search=True, max_length=100, doc="The component that failed.")
    message: Mapped[str | None] = column(search=True, max_length=2_000, doc="Error message of the equipment.")
    occurred_at: Mapped[datetime] = column(index=True, doc="When the error occurred.")
    cleared_at: Mapped[datetime | None] = column(
        doc="When the error was cleared; null while it is active, or if this is unknown."
    )
