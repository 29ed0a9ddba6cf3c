"""Meters of equipment, and their readings."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from tenure_manufacturing.entities.equipment import Equipment
from tenure_sdk import Entity, belongs_to, column


class MeterKind(StrEnum):
    """The quantity that a meter measures."""

    RUNNING_HOURS = "RUNNING_HOURS"
    CYCLES = "CYCLES"
    TEMPERATURE = "TEMPERATURE"
    VIBRATION = "VIBRATION"
    PRESSURE = "PRESSURE"
    ENERGY = "ENERGY"
    OTHER = "OTHER"


class Meter(Entity, order_by="name"):
    """A meter or sensor of a piece of equipment."""

    equipment: Mapped[Equipment] = belongs_to(back="meters", doc="The equipment that the meter measures.")
    name: Mapped[str] = column(search=True, index=True, max_length=200, doc="Display name.")
    kind: Mapped[MeterKind] = column(doc="The quantity that the meter measures.")
    unit: Mapped[str] = column(max_length=20, doc="Unit of the readings, such as h, °C or mm/s.")


class MeterReading(Entity, order_by="-taken_at"):
    """The value of a meter at one time. A meter has at most one reading per time."""

    meter: Mapped[Meter] = belongs_to(back="readings", doc="The meter.")
    value: Mapped[float] = column(minimum=-1e15, maximum=1e15, doc="The value, in the unit of the meter.")
    taken_at: Mapped[datetime] = column(
        doc="When the value was read; at most 24 hours in the future, to allow for clock differences."
    )


def _create_unique_index() -> Index:
    columns = MeterReading.__table__.c
    return Index(
        "uq_meter_reading_meter_id_taken_at",
        columns.tenant_id,
        columns.meter_id,
        columns.taken_at,
        unique=True,
        postgresql_where=columns.deleted_at.is_(None),
    )


UNIQUE_READING_INDEX = _create_unique_index()
"""Ensures one reading per meter and time also for concurrent writes, which the validator cannot see."""
