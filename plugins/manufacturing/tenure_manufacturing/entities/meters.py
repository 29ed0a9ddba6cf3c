"""Meters: what is measured on equipment, and what they read."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from tenure_manufacturing.entities.equipment import Equipment
from tenure_sdk import Entity, belongs_to, column


class MeterKind(StrEnum):
    """What a meter measures."""

    RUNNING_HOURS = "RUNNING_HOURS"
    CYCLES = "CYCLES"
    TEMPERATURE = "TEMPERATURE"
    VIBRATION = "VIBRATION"
    PRESSURE = "PRESSURE"
    ENERGY = "ENERGY"
    OTHER = "OTHER"


class Meter(Entity, order_by="name"):
    """Something that is measured on a piece of equipment."""

    equipment: Mapped[Equipment] = belongs_to(back="meters", doc="What it measures on.")
    name: Mapped[str] = column(
        search=True, index=True, max_length=200, doc="The name that people call it by."
    )
    kind: Mapped[MeterKind] = column(doc="What it measures.")
    unit: Mapped[str] = column(max_length=20, doc="The unit of its readings, such as h, °C or mm/s.")


class MeterReading(Entity, order_by="-taken_at"):
    """What a meter read at one time."""

    meter: Mapped[Meter] = belongs_to(back="readings", doc="What was read.")
    value: Mapped[float] = column(minimum=-1e15, maximum=1e15, doc="What it read, in the meter's unit.")
    taken_at: Mapped[datetime] = column(doc="When it was read.")


def _one_reading_per_time() -> Index:
    """Return the index by which a meter has one living reading at a time, whoever writes at once."""
    columns = MeterReading.__table__.c
    return Index(
        "uq_meter_reading_meter_id_taken_at",
        columns.tenant_id,
        columns.meter_id,
        columns.taken_at,
        unique=True,
        postgresql_where=columns.deleted_at.is_(None),
    )


ONE_READING_PER_TIME = _one_reading_per_time()
