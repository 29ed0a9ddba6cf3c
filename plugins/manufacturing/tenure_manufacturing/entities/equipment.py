"""Equipment: the machines that customers run and we maintain."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Mapped

from tenure_manufacturing.entities.contracts import ServiceContract
from tenure_manufacturing.entities.products import Product
from tenure_sdk import Account, Entity, belongs_to, column


class EquipmentStatus(StrEnum):
    """What a piece of equipment is doing."""

    RUNNING = "RUNNING"
    IDLE = "IDLE"
    DOWN = "DOWN"
    RETIRED = "RETIRED"


class Equipment(Entity, order_by="serial_number"):
    """A machine that a customer runs and we maintain, or an assembly within one."""

    account: Mapped[Account] = belongs_to(back="equipment", doc="Who runs it.")
    product: Mapped[Product | None] = belongs_to(back="equipment", doc="The model line that it is of.")
    contract: Mapped[ServiceContract | None] = belongs_to(
        back="equipment", doc="The contract that covers it."
    )
    parent: Mapped[Equipment | None] = belongs_to(back="assemblies", doc="What it is built into.")
    serial_number: Mapped[str] = column(unique=True, search=True, max_length=100, doc="What names it.")
    name: Mapped[str | None] = column(search=True, max_length=200, doc="What the customer calls it.")
    model: Mapped[str | None] = column(search=True, max_length=100, doc="What it is, as its plate says.")
    location: Mapped[str | None] = column(search=True, max_length=200, doc="Where it stands.")
    installed_on: Mapped[date | None] = column(doc="When it was installed.")
    warranty_until: Mapped[date | None] = column(doc="The last day of its warranty.")
    status: Mapped[EquipmentStatus] = column(
        default=EquipmentStatus.RUNNING, index=True, doc="What it is doing."
    )
    running_hours: Mapped[float] = column(
        default=0.0, minimum=0, doc="How many hours it has run; follows its latest reading of running hours."
    )
    running_hours_at: Mapped[datetime | None] = column(doc="When its running hours were read.")
    initial_running_hours: Mapped[float] = column(
        default=0.0,
        minimum=0,
        doc="How many it had run when its records began; no measure counts them.",
    )
    attributes: Mapped[dict[str, Any]] = column(
        default={}, max_length=65536, doc="An integrator's own fields."
    )
